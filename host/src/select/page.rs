//! A selection as one HTML page that holds all it needs, to mail or to keep.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;

use super::table::Table;
use super::{Options, Selection, picture, report, weights};
use crate::svg::escape;
use crate::whole;

const STYLE: &str = "body{font-family:Inter,Helvetica,Arial,sans-serif;color:#1a1a1a;max-width:1000px;margin:2em auto;\
    padding:0 1em}table{border-collapse:collapse;margin:1em 0}th,td{padding:.25em .8em;text-align:right;\
    border-bottom:1px solid #d9d9d9}th:nth-child(-n+3),td:nth-child(-n+3){text-align:left}svg{max-width:100%;height:auto}\
    .relevant{font-weight:700}.note{border-left:3px solid #d55e00;padding-left:.8em}";

/// Writes `report.html`, whole or not at all.
pub fn write(selection: &Selection, table: &Table, options: &Options) -> Result<PathBuf> {
    let path = options.out.join("report.html");
    whole::write(&[(path.clone(), html(selection, table, options)?.into_bytes())])?;
    Ok(path)
}

fn html(selection: &Selection, table: &Table, options: &Options) -> Result<String> {
    let file = options.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let targets = options.target.join(", ");
    let mut out = String::new();
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{answer}</h1>\n<p>What predicts <b>{targets}</b> in {file}: {rows} rows \
         in the file, {used} to learn from, the others for the test.</p>\n",
        title = escape(&format!("{targets} from {file}")),
        answer = escape(&report::answer(selection)),
        targets = escape(&targets),
        file = escape(&file),
        rows = table.rows_in_file,
        used = selection.design.rows,
    )?;
    for advice in &selection.advice {
        writeln!(out, "<p class=\"note\">{}</p>", escape(&advice.0))?;
    }
    out += &picture::evidence(selection);
    out += &picture::path(selection);
    out += &weights::map(selection);
    out += "<table><tr>";
    report::HEADER.iter().for_each(|head| out += &format!("<th>{}</th>", escape(head)));
    out += "</tr>\n";
    for group in selection.by_evidence() {
        let row = report::row(selection, group);
        write!(out, "<tr class=\"{}\">", row[1].replace(' ', "-"))?;
        row.iter().for_each(|cell| out += &format!("<td>{}</td>", escape(cell)));
        out += "</tr>\n";
    }
    write!(out, "</table>\n<table><tr><th>{}</th><th></th></tr>\n", report::unit(selection))?;
    for (name, error) in report::errors(selection) {
        writeln!(out, "<tr><td>{name}</td><td>{}</td></tr>", crate::report::percent(error))?;
    }
    out += "</table>\n";
    if !selection.constant.is_empty() {
        let names = escape(&selection.constant.join(", "));
        writeln!(out, "<p>Left out, the same in all rows: {names}.</p>")?;
    }
    writeln!(
        out,
        "<h2>How to read it</h2>\n<p>{networks} small networks learned from the inputs and from a shuffled copy of each, its \
         shadow. <i>Norm</i> is the size of the first-layer weights of an input; the <i>threshold</i> is what a \
         shadow exceeds so rarely that {error}. \
         <i>p</i> is the chance that any of so many shadows comes as far, and is never below 1/{networks}. Inputs that are \
         <i>seen by themselves</i> show in a test without any network, those seen <i>with others</i> only together. \
         <i>Undecided</i>: what is seen may be another's. <i>No evidence</i>: nothing is seen on so many rows, which does \
         not mean that there is nothing. Inputs joined by = cannot be told apart.</p>\n</body></html>",
        networks = selection.ensemble.parts.len(),
        error = match options.fdr {
            None => format!(
                "among all inputs that do not matter one is named in at most {} of tables",
                crate::report::percent(options.alpha)
            ),
            Some(rate) => format!(
                "of the inputs named at most {} are expected not to matter",
                crate::report::percent(rate)
            ),
        }
    )?;
    Ok(out)
}
