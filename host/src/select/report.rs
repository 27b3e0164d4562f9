//! A selection as a table and as JSON.

use serde_json::{Value, json};

use super::Selection;
use super::judge::{Judged, LEARNT, Label, Verdict};
use super::table::Table;
use crate::report;

/// The name of a verdict.
pub fn verdict(judged: &Judged) -> &'static str {
    match judged.verdict {
        Verdict::Relevant => "relevant",
        Verdict::Undecided => "undecided",
        Verdict::NoEvidence => "no evidence",
    }
}

/// How an input is seen, or why it is undecided.
pub fn remark(selection: &Selection, judged: &Judged) -> String {
    let name = |column: usize| selection.design.encoder.inputs[column].name();
    match (judged.label, judged.stands_for) {
        (Some(Label::Marginal), _) => "by itself".to_owned(),
        (Some(Label::Joint), _) => "with others".to_owned(),
        (None, Some(other)) => format!("may stand in for {}", name(other)),
        (None, None) => String::new(),
    }
}

/// The inputs of a group: interchangeable ones are equal to each other.
pub fn group_name(selection: &Selection, group: usize) -> String {
    selection.names(group).join(" = ")
}

/// One line of the table of inputs.
pub fn row(selection: &Selection, group: usize) -> Vec<String> {
    let judged = &selection.judgement.groups[group];
    vec![
        group_name(selection, group),
        verdict(judged).to_owned(),
        remark(selection, judged),
        format!("{:.3}", judged.norm),
        format!("{:.3}", judged.threshold),
        format!("{:.1}", judged.norm / judged.threshold),
        p_value(judged.p_value),
        p_value(judged.marginal_p_value),
    ]
}

/// The heads of the columns of [`row`].
pub const HEADER: [&str; 8] =
    ["input", "verdict", "seen", "norm", "threshold", "norm / threshold", "p", "p by itself"];

/// What the networks make of unseen rows, line by line.
pub fn errors(selection: &Selection) -> [(&'static str, f64); 3] {
    [
        ("network of all inputs", selection.test.all),
        ("network of the selected inputs", selection.test.selected),
        ("linear regression of all inputs", selection.test.baseline),
    ]
}

/// What the errors are shares of.
pub fn unit(selection: &Selection) -> &'static str {
    match selection.design.encoder.is_classes {
        true => "wrong classes on the test rows",
        false => "squared error on the test rows, share of the variance",
    }
}

/// One sentence that says it.
pub fn answer(selection: &Selection) -> String {
    let names = selection.relevant();
    match names.len() {
        0 if selection.judgement.explained < LEARNT => "Nothing was learnt here.".to_owned(),
        0 => "No input stands out.".to_owned(),
        1 => format!("One input matters: {}.", names[0]),
        n => format!("{n} inputs matter: {}.", names.join(", ")),
    }
}

/// Prints a selection.
pub fn print(selection: &Selection, table: &Table) {
    let rows = selection.by_evidence().into_iter().map(|group| row(selection, group));
    println!("{}\n", report::table(&HEADER, 3, rows));
    println!(
        "{}\n",
        report::table(
            &[unit(selection), ""],
            1,
            errors(selection).map(|(name, error)| { vec![name.to_owned(), report::percent(error)] })
        )
    );
    println!("{}", answer(selection));
    println!(
        "{} rows to learn from{}; on rows held out the networks explain {}.",
        selection.design.rows,
        match table.rows_in_file - table.rows() as u64 {
            0 => String::new(),
            left => format!(" ({left} rows of the file left out)"),
        },
        report::percent(selection.judgement.explained.max(0.0)),
    );
    println!("no evidence: nothing to be seen on so many rows, which is not to say that there is nothing.");
    if !selection.constant.is_empty() {
        println!("left out, the same in all rows: {}", selection.constant.join(", "));
    }
    selection.advice.iter().for_each(|advice| println!("note: {}", advice.0));
}

fn p_value(p: f64) -> String {
    if p < 1e-3 { format!("{p:.0e}") } else { format!("{p:.3}") }
}

/// A selection for machines.
pub fn to_json(selection: &Selection) -> Value {
    let inputs = selection.by_evidence().into_iter().flat_map(|group| {
        let judged = &selection.judgement.groups[group];
        selection.names(group).into_iter().map(move |name| {
            json!({
                "name": name,
                "verdict": judged.verdict,
                "label": judged.label,
                "norm": judged.norm,
                "threshold": judged.threshold,
                "p_value": judged.p_value,
                "marginal_p_value": judged.marginal_p_value,
                "stands_for": judged.stands_for.map(|column| selection.design.encoder.inputs[column].name()),
                "group": group,
            })
        })
    });
    json!({
        "inputs": inputs.collect::<Vec<_>>(),
        "constant": selection.constant,
        "learnt": selection.judgement.explained >= LEARNT,
        "explained": selection.judgement.explained,
        "rows": selection.design.rows,
        "step_size": selection.ensemble.step_size,
        "test_error": selection.test,
        "classes": selection.design.encoder.is_classes,
        "advice": selection.advice,
    })
}
