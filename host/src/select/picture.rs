//! The pictures of a selection: the evidence for each input beside what shadows reach, and how it comes about.

use std::fmt::Write;
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

/// Writes them, as `selection` and `path`, each `.png` and `.svg`.
pub fn draw(selection: &Selection, folder: &Path) -> Result<[PathBuf; 2]> {
    Ok([svg::save(&evidence(selection), folder, "selection")?, svg::save(&path(selection), folder, "path")?])
}

/// The evidence, input by input.
pub fn evidence(selection: &Selection) -> String {
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
        "First-layer column norm of each input, mean over {} networks, as a multiple of the threshold that shadows, \
         shuffled copies of the inputs, hardly ever exceed. In the grey an input is as good as a shuffled one.",
        super::ensemble::REPLICAS,
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

const NORMS: f32 = 300.0;
const EXPLAINED: f32 = 110.0;
/// More lines than this have no name at their end.
const NAMED: usize = 12;

/// The norms from the weakest penalty to the strongest, and what the networks explain there.
pub fn path(selection: &Selection) -> String {
    let judgement = &selection.judgement;
    let points = &judgement.path;
    let mut page = Page::default();
    let title = "How the inputs part as the penalty grows";
    let guide = "Above: the norm of each input's column at the end of each stage; orange and wide: relevant; blue and \
                 dashed: undecided; grey: no evidence; shaded: where shadows are. Below: the part of the target that the \
                 networks explain on rows held out. The vertical line is the stage that decides.";
    let top = page.heading(title, guide) + 10.0;
    let (left, right) = (MARGIN + 48.0, WIDTH - MARGIN - 120.0);
    let across = |stage: usize| left + (right - left) * stage as f32 / (points.len() - 1) as f32;
    let most =
        points.iter().flat_map(|point| &point.norms).fold(0.0, |most: f64, &norm| most.max(norm)) as f32;
    let down = |norm: f64| top + NORMS * (1.0 - norm as f32 / (1.05 * most));

    let mut band = format!("{left},{} ", top + NORMS);
    points.iter().enumerate().for_each(|(stage, point)| {
        band += &format!("{},{} ", across(stage), down(point.threshold).max(top));
    });
    page.polygon(&format!("{band}{right},{}", top + NORMS), "fill=\"#ededed\"");
    page.axes([left, top, right, top + NORMS], most, "norm");
    let decides = across(judgement.stage);
    page.straight(
        [decides, top, decides, top + NORMS + 60.0 + EXPLAINED],
        &format!("stroke=\"{INK}\" stroke-width=\"1\""),
    );
    let mut order = selection.by_evidence();
    order.reverse();
    let mut names = Vec::new();
    for group in order {
        let judged = &judgement.groups[group];
        let style = match judged.verdict {
            Verdict::Relevant => format!("stroke=\"{ACCENT}\" stroke-width=\"2.5\""),
            Verdict::Undecided => {
                format!("stroke=\"{UNDECIDED}\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"")
            }
            Verdict::NoEvidence => "stroke=\"#9a9a9a\" stroke-width=\"1\"".to_owned(),
        };
        let norm = |stage: usize| {
            judged.columns.iter().map(|&column| points[stage].norms[column]).fold(0.0, f64::max)
        };
        let line = (0..points.len()).map(|stage| format!("{},{}", across(stage), down(norm(stage))));
        page.polyline(&line.collect::<Vec<_>>().join(" "), &style);
        // Below the band lines lie too close to be named.
        let stands_out = judged.norm > judged.threshold;
        if judged.verdict == Verdict::Relevant || stands_out && judged.verdict == Verdict::Undecided {
            names.push((down(norm(points.len() - 1)), report::group_name(selection, group), judged.verdict));
        }
    }
    // From the strongest on, so that names of the weak give way.
    names.reverse();
    names.truncate(NAMED);
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = top;
    for (y, name, verdict) in names {
        let y = y.max(free);
        free = y + 16.0;
        let (colour, bold) =
            if verdict == Verdict::Relevant { (ACCENT, "font-weight=\"700\"") } else { (UNDECIDED, "") };
        let line = svg::wrap(&name, 13.0, true, 110.0).first().cloned().unwrap_or_default();
        page.text(right + 8.0, y + 4.5, 13.0, &line, &format!("fill=\"{colour}\" {bold}"));
    }

    let below = top + NORMS + 50.0;
    page.axes([left, below, right, below + EXPLAINED], 1.0, "explained");
    let line = points.iter().enumerate().map(|(stage, point)| {
        let share = point.explained.clamp(0.0, 1.0) as f32;
        format!("{},{}", across(stage), below + EXPLAINED * (1.0 - share / 1.05))
    });
    page.polyline(&line.collect::<Vec<_>>().join(" "), &format!("stroke=\"{INK}\" stroke-width=\"2\""));
    for (stage, point) in points.iter().enumerate() {
        let text = svg::number(point.strength as f32);
        let x = across(stage);
        page.text(
            x,
            below + EXPLAINED + 18.0,
            12.0,
            &text,
            &format!("text-anchor=\"middle\" fill=\"{GREY}\""),
        );
    }
    let end = below + EXPLAINED + 38.0;
    page.text((left + right) / 2.0, end, 13.0, "strength of the penalty", "text-anchor=\"middle\"");
    page.finish(title, "", end + MARGIN)
}

impl Page {
    fn polygon(&mut self, points: &str, more: &str) {
        let _ = writeln!(self.body, "<polygon points=\"{points}\" {more}/>");
    }

    fn polyline(&mut self, points: &str, more: &str) {
        let _ = writeln!(
            self.body,
            "<polyline points=\"{points}\" fill=\"none\" stroke-linejoin=\"round\" {more}/>"
        );
    }

    /// Axes from 0 to a little above `most`, three marks on the upright one.
    fn axes(&mut self, [left, top, right, bottom]: [f32; 4], most: f32, name: &str) {
        self.straight([left, bottom, right, bottom], &format!("stroke=\"{GREY}\""));
        for part in [0.0, 0.5, 1.0] {
            let y = bottom - (bottom - top) * part / 1.05;
            self.straight([left - 4.0, y, left, y], &format!("stroke=\"{GREY}\""));
            let text = svg::number(part * most);
            self.text(left - 8.0, y + 4.0, 12.0, &text, &format!("text-anchor=\"end\" fill=\"{GREY}\""));
        }
        self.text(left + 6.0, top + 10.0, 13.0, name, &format!("fill=\"{GREY}\""));
    }
}
