//! The picture of a selection: the evidence for each input beside what shadows reach, and how it comes about.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Selection;
use super::judge::Verdict;
use super::report;
use crate::svg::{self, ACCENT, GREY, INK, INNER, MARGIN, Page, RULE, SLACK, WIDTH, measure};

/// More inputs than this are left out of the picture, the weakest first.
const SHOWN: usize = 40;
const ROW: f32 = 20.0;
const UNDECIDED: &str = "#0072b2";

/// Writes it as `selection.png` and `selection.svg`.
pub fn draw(selection: &Selection, folder: &Path) -> Result<PathBuf> {
    svg::save(&svg(selection), folder, "selection")
}

/// The picture.
pub fn svg(selection: &Selection) -> String {
    let mut order = selection.by_evidence();
    let left_out = order.len().saturating_sub(SHOWN);
    order.truncate(SHOWN);
    let groups = &selection.judgement.groups;
    let name = |&group: &usize| report::group_name(selection, group);
    let names = order.iter().map(|group| measure(&name(group), 13.0, true) * SLACK).fold(60.0, f32::max);
    let left = MARGIN + names.min(0.4 * INNER) + 14.0;
    let right = WIDTH - MARGIN - 130.0;

    let mut page = Page::default();
    let guide = format!(
        "First-layer column norm of each input, mean over {} networks, over the norm that the largest of all shadows \
         exceeds in {} of tables. Grey: where shadows are. Inputs in the grey are as good as shuffled ones.",
        super::ensemble::REPLICAS,
        "1 in 20",
    );
    let title = report::answer(selection);
    let y = page.heading(&title, &guide) + 10.0;

    let share = |group: usize| (groups[group].norm / groups[group].threshold) as f32;
    let most = order.iter().map(|&group| share(group)).fold(2.0, f32::max) * 1.2;
    let least: f32 = 0.05;
    let across = |share: f32| left + (right - left) * (share.max(least) / least).ln() / (most / least).ln();
    let bottom = y + ROW * order.len() as f32;
    page.rect([left, y, across(1.0) - left, bottom - y], "fill=\"#ededed\"");
    page.straight(
        [across(1.0), y, across(1.0), bottom + 5.0],
        &format!("stroke=\"{INK}\" stroke-width=\"1.5\""),
    );
    for mark in [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0] {
        if mark < most {
            let x = across(mark);
            page.straight([x, bottom, x, bottom + 5.0], &format!("stroke=\"{GREY}\""));
            let text = svg::number(mark);
            page.text(x, bottom + 19.0, 12.0, &text, &format!("text-anchor=\"middle\" fill=\"{GREY}\""));
        }
    }
    page.text((left + right) / 2.0, bottom + 38.0, 13.0, "norm / threshold", "text-anchor=\"middle\"");
    for (place, group) in order.iter().enumerate() {
        let judged = &groups[*group];
        let middle = y + ROW * (place as f32 + 0.5);
        let (colour, bold) = match judged.verdict {
            Verdict::Relevant => (ACCENT, "font-weight=\"700\""),
            Verdict::Undecided => (UNDECIDED, ""),
            Verdict::NoEvidence => (GREY, ""),
        };
        let line = svg::wrap(&name(group), 13.0, true, left - MARGIN - 12.0);
        let text = line.first().cloned().unwrap_or_default();
        page.text(left - 10.0, middle + 4.5, 13.0, &text, &format!("text-anchor=\"end\" {bold}"));
        page.straight([left, middle, right, middle], &format!("stroke=\"{RULE}\" stroke-width=\"1\""));
        let x = across(share(*group));
        page.straight([left, middle, x, middle], &format!("stroke=\"{colour}\" stroke-width=\"2\""));
        match judged.verdict {
            Verdict::Relevant => page.circle(x, middle, 5.5, &format!("fill=\"{colour}\"")),
            Verdict::Undecided => {
                page.circle(
                    x,
                    middle,
                    5.0,
                    &format!("fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"2\""),
                );
            }
            Verdict::NoEvidence => page.circle(x, middle, 2.5, &format!("fill=\"{colour}\"")),
        }
        let what = match judged.verdict {
            Verdict::Relevant => format!("relevant, {}", report::remark(selection, judged)),
            _ => report::verdict(judged).to_owned(),
        };
        page.text(right + 10.0, middle + 4.5, 12.0, &what, &format!("fill=\"{colour}\""));
    }
    let mut end = bottom + 52.0;
    if left_out > 0 {
        page.text(
            MARGIN,
            end,
            13.0,
            &format!("{left_out} weaker inputs are not shown"),
            &format!("fill=\"{GREY}\""),
        );
        end += 18.0;
    }
    page.finish(&title, "", end)
}
