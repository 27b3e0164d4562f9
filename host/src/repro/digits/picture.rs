//! The picture of the digits: the norm of each column of W1 as an image, beside the mean digit.

use super::{Group, PIXELS, Row, Set};
use crate::heatmap::colour;
use crate::svg::{GREY, INNER, MARGIN, Page, hex, number, wrap};

/// Panels in a line, and the side of a pixel.
const PER_LINE: usize = 5;
const CELL: f32 = 20.0;
const SIDE: usize = 8;
/// The colour bar.
const BAR: f32 = 200.0;

/// The picture.
pub fn svg(rows: &[Row; 8], set: &Set) -> String {
    let title = "The dark border keeps its initial weights, whatever the batch; weight decay empties it";
    let guide = "The norm of each column of W1 as an image of 8x8 pixels, seed 1, beside the mean digit; 64-32-10, step size \
                 0.05. A cross marks a pixel that no training image lights: without decay its weights keep their initial \
                 bits. A dot marks one that is rarely lit; a noisy border lights both at random. Below the names, medians \
                 of the seeds: the test images told right, and by how much the rms norm of a group has grown.";
    let groups = set.groups();
    let mut page = Page::default();
    let mut y = page.heading(title, guide) + 12.0;
    let ends = rows.iter().filter_map(|row| row.trained.first());
    let most = ends.flat_map(|trained| trained.end).fold(0.0, f32::max);
    bar(&mut page, y, most);
    y += 62.0;
    let start = rows[0].trained.first().map_or([0.0; PIXELS], |trained| trained.start);
    let mut panels = vec![
        ("mean digit".to_owned(), ["white is 1".to_owned(), String::new()], set.mean().map(grey)),
        (
            "before training".to_owned(),
            ["He's initial weights".to_owned(), String::new()],
            norms(&start, most),
        ),
    ];
    for row in rows {
        let Some(trained) = row.trained.first() else { continue };
        let growth = |group| row.median(|trained| trained.growth(&groups, group));
        let caption = [
            format!("{:.1} % right", 100.0 * row.median(|trained| trained.accuracy)),
            format!("used ×{:.2}, rare ×{:.2}", growth(Group::Used), growth(Group::Rare)),
        ];
        panels.push((row.setting.name.to_owned(), caption, norms(&trained.end, most)));
    }
    let side = CELL * SIDE as f32;
    let pitch = (INNER - side) / (PER_LINE as f32 - 1.0);
    for line in panels.chunks(PER_LINE) {
        for (index, (name, caption, colours)) in line.iter().enumerate() {
            let x = MARGIN + pitch * index as f32;
            for (row, text) in wrap(name, 13.5, true, side + 8.0).iter().enumerate() {
                page.text(x, y + 17.0 * row as f32, 13.5, text, "font-weight=\"700\"");
            }
            for (row, text) in caption.iter().filter(|text| !text.is_empty()).enumerate() {
                page.text(x, y + 36.0 + 15.0 * row as f32, 12.0, text, &format!("fill=\"{GREY}\""));
            }
            image(&mut page, [x, y + 60.0], colours, &groups);
        }
        y += side + 102.0;
    }
    page.finish(title, "", y - 22.0)
}

fn grey(share: f64) -> String {
    hex([(255.0 * share.clamp(0.0, 1.0)) as u8; 3])
}

fn norms(norms: &[f32; PIXELS], most: f32) -> [String; PIXELS] {
    norms.map(|norm| hex(colour(norm / most)))
}

fn image(page: &mut Page, [x, y]: [f32; 2], colours: &[String; PIXELS], groups: &[Group; PIXELS]) {
    for (pixel, (colour, group)) in colours.iter().zip(groups).enumerate() {
        let (x, y) = (x + CELL * (pixel % SIDE) as f32, y + CELL * (pixel / SIDE) as f32);
        page.rect([x, y, CELL, CELL], &format!("fill=\"{colour}\" shape-rendering=\"crispEdges\""));
        let (x, y) = (x + CELL / 2.0, y + CELL / 2.0);
        let light = "stroke=\"#ffffff\" stroke-width=\"1.6\"";
        match group {
            Group::Dark => {
                page.straight([x - 4.0, y - 4.0, x + 4.0, y + 4.0], light);
                page.straight([x - 4.0, y + 4.0, x + 4.0, y - 4.0], light);
            }
            Group::Rare => page.straight(
                [x, y, x + 0.1, y],
                "stroke=\"#ffffff\" stroke-width=\"4\" stroke-linecap=\"round\"",
            ),
            Group::Used => {}
        }
    }
}

/// The colours of the norms.
fn bar(page: &mut Page, y: f32, most: f32) {
    let steps = 40;
    for step in 0..steps {
        let share = step as f32 / (steps - 1) as f32;
        let x = MARGIN + BAR * step as f32 / steps as f32;
        let fill = format!("fill=\"{}\" shape-rendering=\"crispEdges\"", hex(colour(share)));
        page.rect([x, y, BAR / steps as f32, 11.0], &fill);
    }
    for (part, anchor) in [(0.0, "start"), (0.5, "middle"), (1.0, "end")] {
        let more = format!("text-anchor=\"{anchor}\" fill=\"{GREY}\"");
        page.text(MARGIN + part * BAR, y + 26.0, 12.0, &number(part * most), &more);
    }
    page.text(MARGIN + BAR + 12.0, y + 10.0, 12.0, "norm of a column", &format!("fill=\"{GREY}\""));
}

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::super::{SETTINGS, Trained};
    use super::*;
    use crate::svg::tests::check;

    #[test]
    fn no_text_overlaps() -> Result<()> {
        let (start, end) = ([1.0; PIXELS], [1.71; PIXELS]);
        let trained = Trained { start, end, moved: 0, accuracy: 0.96, training_loss: 0.1, digest: 0 };
        let rows = SETTINGS.map(|setting| Row { setting, trained: vec![trained.clone()] });
        let texts = check(&svg(&rows, &Set::read()?));
        assert!(texts.iter().any(|text| text.starts_with("96.0 % right")), "{texts:?}");
        Ok(())
    }
}
