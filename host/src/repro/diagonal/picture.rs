//! The picture of the diagonal network: the test loss over the steps, and below it what is left off the support.

use super::{Row, STEPS};
use crate::plot::{Axis, Plot};
use crate::quantile::quantile;
use crate::svg::{ACCENT, GREY, INK, MARGIN, Page, WIDTH};

/// How the line of each schedule looks: colour and dashes.
const STYLES: [(&str, &str); 6] =
    [(INK, "2 3"), (GREY, ""), (ACCENT, ""), ("#0072b2", "8 3"), ("#007a5a", "4 2"), ("#9a4f80", "10 3 2 3")];
/// Room for the names at the ends of the lines.
const NAMES: f32 = 124.0;
/// Between the rows of the lower plot.
const PITCH: f32 = 26.0;

/// The picture.
pub fn svg(rows: &[Row]) -> String {
    let title = "SGD with a larger step size leaves less off the support, where it does not diverge";
    let guide = "The diagonal linear network of arXiv 2210.05337, 80 rows, 200 inputs, 20 of them relevant, no noise. Names \
                 give the step size: constant, or 0.282 for a share of the steps and a smaller one after. Medians of eight \
                 orders of the rows with the range between them; orders in which the training diverged are left out and \
                 counted on the right.";
    let mut page = Page::default();
    let y = page.heading(title, guide);
    page.text(MARGIN, y + 8.0, 14.0, "Test loss", "font-weight=\"700\"");
    let left = MARGIN + 52.0;
    let width = WIDTH - MARGIN - NAMES - left;
    let losses = Plot {
        frame: [left, y + 22.0, width, 330.0],
        across: Axis::logarithmic(1.0, STEPS as f64),
        up: Axis::logarithmic(1e-5, 1.0),
    };
    losses.axes(&mut page, "steps");
    let mut names = Vec::new();
    for (row, (colour, dashes)) in rows.iter().zip(STYLES) {
        let curves: Vec<_> = row.finite().map(|trained| &trained.curve).collect();
        let Some(first) = curves.first() else { continue };
        let at = |index: usize, share: f64| quantile(curves.iter().map(|curve| curve[index].1), share);
        let points = || first.iter().enumerate().map(|(index, &(step, _))| (index, step as f64));
        let band: Vec<_> = points().map(|(index, step)| (step, at(index, 0.0), at(index, 1.0))).collect();
        losses.band(&mut page, &band, &format!("fill=\"{colour}\" fill-opacity=\"0.12\""));
        let style = format!("stroke=\"{colour}\" stroke-width=\"2.2\" stroke-dasharray=\"{dashes}\"");
        losses.line(&mut page, points().map(|(index, step)| (step, at(index, 0.5))), &style);
        names.push((at(first.len() - 1, 0.5), row.schedule.name.to_owned(), colour));
    }
    losses.names(&mut page, &names);

    let y = losses.bottom() + 78.0;
    let heading = "Left off the support: the sum of |beta| over the 180 inputs that do not matter";
    page.text(MARGIN, y, 14.0, heading, "font-weight=\"700\"");
    let left = MARGIN + 118.0;
    let height = PITCH * rows.len() as f32;
    let masses = Plot {
        frame: [left, y + 14.0, WIDTH - MARGIN - NAMES - left, height],
        across: Axis::logarithmic(0.01, 3.0),
        up: Axis::linear(rows.len() as f64, 0.0),
    };
    for (index, (row, (colour, _))) in rows.iter().zip(STYLES).enumerate() {
        let up = index as f64 + 0.5;
        let Some((_, y)) = masses.at((1.0, up)) else { continue };
        masses.line(&mut page, [(0.01, up), (3.0, up)], "stroke=\"#d9d9d9\"");
        let more = format!("text-anchor=\"end\" fill=\"{colour}\" font-weight=\"700\"");
        page.text(left - 12.0, y + 4.5, 12.5, row.schedule.name, &more);
        for trained in row.finite() {
            let Some((x, y)) = masses.at((trained.off_support, up)) else { continue };
            let dot = format!(
                "stroke=\"{colour}\" stroke-opacity=\"0.55\" stroke-width=\"9\" stroke-linecap=\"round\""
            );
            page.straight([x, y, x + 0.1, y], &dot);
        }
        if let Some((x, y)) = masses.at((row.median(|trained| trained.off_support), up)) {
            page.straight([x, y - 10.0, x, y + 10.0], &format!("stroke=\"{INK}\" stroke-width=\"2\""));
        }
        let diverged = row.trained.len() - row.finite().count();
        if diverged > 0 {
            let text = format!("{diverged} of {} diverged", row.trained.len());
            page.text(masses.right() + 14.0, y + 4.5, 12.5, &text, &format!("fill=\"{GREY}\""));
        }
    }
    masses.bottom_axis(&mut page, "each dot one order of the rows; the stroke is the median");
    page.finish(title, "", masses.bottom() + 52.0 + MARGIN - 14.0)
}

#[cfg(test)]
mod tests {
    use super::super::{SCHEDULES, Trained};
    use super::*;
    use crate::svg::tests::check;

    #[test]
    fn no_text_overlaps_and_what_diverged_is_counted() {
        let trained = |size: f64, diverged| Trained {
            curve: vec![(1, 0.5), (100, 0.1 / size), (STEPS, 1e-3 / size)],
            train: 0.0,
            test: 1e-3 / size,
            off_support: 0.5 / size,
            entries: 20,
            diverged,
        };
        let rows = SCHEDULES.map(|schedule| Row {
            schedule,
            trained: vec![trained(1.0, None), trained(3.0, None), trained(f64::NAN, Some(7))],
        });
        let texts = check(&svg(&rows));
        assert_eq!(texts.iter().filter(|text| *text == "1 of 3 diverged").count(), SCHEDULES.len());
    }
}
