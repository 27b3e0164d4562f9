//! The picture of what the penalty has left in one network: |W1|, inputs as rows, hidden units as columns.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Selection;
use super::judge::Verdict;
use crate::heatmap::{colour, share};
use crate::svg::{self, ACCENT, GREY, INNER, MARGIN, Page, SLACK, measure};

/// More inputs than this are left out, the weakest first.
const SHOWN: usize = 40;
const ROW: f32 = 18.0;
const SCALE: f32 = 160.0;

/// Writes it as `weights.png` and `weights.svg`.
pub fn draw(selection: &Selection, folder: &Path) -> Result<PathBuf> {
    svg::save(&map(selection), folder, "weights")
}

/// The first layer of the network of all inputs.
pub fn map(selection: &Selection) -> String {
    let groups = &selection.judgement.groups;
    let by_evidence = selection.by_evidence().into_iter();
    let mut columns: Vec<(usize, Verdict)> = by_evidence
        .flat_map(|group| groups[group].columns.iter().map(move |&column| (column, groups[group].verdict)))
        .collect();
    let left_out = columns.len().saturating_sub(SHOWN);
    columns.truncate(SHOWN);
    let hidden = selection.all.layers.specs().first().map_or(1, |layer| usize::from(layer.outputs));
    let weight = |column: usize, unit: usize| selection.all.params[column * hidden + unit].abs();
    let all = columns.iter().flat_map(|&(column, _)| (0..hidden).map(move |unit| weight(column, unit)));
    let most = all.fold(f32::MIN_POSITIVE, f32::max);

    let name = |column: usize| selection.design.encoder.inputs[column].name();
    let names = columns.iter().map(|&(column, _)| measure(&name(column), 13.0, true) * SLACK);
    let left = MARGIN + names.fold(60.0, f32::max).min(0.4 * INNER) + 14.0;
    let width = ((MARGIN + INNER - left) / hidden as f32).min(34.0);

    let mut page = Page::default();
    let title = "What the penalty has left of each input";
    let guide = "The network of all inputs after the stage that decides: the size of each weight from an input (row, the \
                 strongest evidence first, relevant ones bold) to a hidden unit (column). A dark row is an input that \
                 the network does without.";
    let top = page.heading(title, guide) + 10.0;
    for (row, &(column, verdict)) in columns.iter().enumerate() {
        let y = top + ROW * row as f32;
        let style = match verdict {
            Verdict::Relevant => format!("fill=\"{ACCENT}\" font-weight=\"700\""),
            _ => format!("fill=\"{GREY}\""),
        };
        let line = svg::wrap(&name(column), 13.0, true, left - MARGIN - 12.0);
        let text = line.first().cloned().unwrap_or_default();
        page.text(left - 10.0, y + 13.5, 13.0, &text, &format!("text-anchor=\"end\" {style}"));
        for unit in 0..hidden {
            let share = share(weight(column, unit), most).unwrap_or(0.0);
            let cell = [left + width * unit as f32, y, width - 1.0, ROW - 1.0];
            page.rect(cell, &format!("fill=\"{}\"", svg::hex(colour(share))));
        }
    }
    let below = top + ROW * columns.len() as f32 + 12.0;
    for step in 0..32 {
        let x = left + SCALE * step as f32 / 32.0;
        let fill = svg::hex(colour(step as f32 / 31.0));
        page.rect([x, below, SCALE / 32.0 + 0.5, 10.0], &format!("fill=\"{fill}\""));
    }
    let grey = format!("fill=\"{GREY}\"");
    page.text(left - 10.0, below + 9.5, 12.0, "|w|  0", &format!("text-anchor=\"end\" {grey}"));
    page.text(left + SCALE + 8.0, below + 9.5, 12.0, &svg::number(most), &grey);
    if left_out > 0 {
        let text = format!("{left_out} weaker inputs are not shown");
        page.text(left + SCALE + 80.0, below + 9.5, 12.0, &text, &grey);
    }
    page.finish(title, "", below + 10.0 + MARGIN)
}
