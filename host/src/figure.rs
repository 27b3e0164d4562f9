//! A figure of heat maps, one per trained network, as SVG and as PNG.
//!
//! Rows of panels share a task and a colour scale. Every panel shows |W1| with the inputs as columns; the truth
//! about an input is told by the weight of its label and by the bar below it, not by colour alone. The picture
//! is [`WIDTH`] wide and as tall as it needs to be.

use std::fmt::Write;

use crate::heatmap::{ANCHORS, Kind, Panel, colour, scale_max, share};
use crate::svg::{ACCENT, GREY, INNER, MARGIN, Page, RULE, SLACK, WIDTH, hex, measure, number, wrap};

/// A row of panels that share a task, one colour scale for the row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The task: "A · y = x1 + x2 + noise, 14-8-1 linear".
    pub heading: String,
    /// The networks trained on it.
    pub panels: Vec<Panel>,
}

/// Room for the names of the hidden units, left of the first panel of a line.
const AXIS: f32 = 34.0;
/// Between the panels of a line.
const GUTTER: f32 = 34.0;
/// Between the real inputs and the probes.
const SPLIT: f32 = 5.0;
/// The colour bar of a row.
pub(crate) const BAR: f32 = 200.0;
/// The narrowest cell before panels move to another line, and the widest and tallest that look well.
const CELL: (f32, f32) = (16.0, 24.0);
/// The height that the cells of a panel share.
const TALL: f32 = 240.0;

const BROKEN: &str = "#c4c4c4";

/// The figure: a title, a legend, and the rows below each other.
pub fn svg(title: &str, rows: &[Row]) -> String {
    let guide = "|W1|, the absolute first-layer weights after training. Columns are inputs, rows are hidden units; \
                 a dark column is an input the network ignores.";
    let mut page = Page::default();
    let mut y = page.heading(title, guide);
    let mut panels = rows.iter().flat_map(|row| &row.panels);
    let broken = panels.any(|panel| panel.columns().flatten().any(|weight| !weight.is_finite()));
    page.legend(y, broken);
    y += 12.0;
    for row in rows {
        y = page.row(y + 14.0, row);
    }
    page.finish(title, &gradient(), y + MARGIN - 10.0)
}

/// The colours of the scale, for the colour bars.
pub(crate) fn gradient() -> String {
    let stops: String = (0..ANCHORS.len())
        .map(|i| {
            let offset = i as f32 / (ANCHORS.len() - 1) as f32;
            format!("<stop offset=\"{offset}\" stop-color=\"{}\"/>", hex(ANCHORS[i]))
        })
        .collect();
    format!("<linearGradient id=\"scale\">{stops}</linearGradient>")
}

/// How the panels of a row are laid out.
struct Grid {
    per_line: usize,
    /// How wide a title may be.
    room: f32,
    /// From one panel to the next.
    pitch: f32,
    cell: (f32, f32),
    /// The size of the names below the columns, whether they stand, and how much height they take.
    label: f32,
    upright: bool,
    label_height: f32,
}

impl Grid {
    fn new(panels: &[Panel]) -> Self {
        let count = panels.len().max(1);
        let columns = panels.iter().map(|panel| panel.inputs.len()).max().unwrap_or(0).max(1);
        let units = panels.iter().map(|panel| panel.outputs).max().unwrap_or(0).max(1);
        let slot = |per_line: usize| (INNER - AXIS - GUTTER * (per_line as f32 - 1.0)) / per_line as f32;
        let wide = |per_line: usize| ((slot(per_line) - SPLIT) / columns as f32).floor();

        let most = (1..=count).rev().find(|&n| wide(n) >= CELL.0).unwrap_or(1);
        let per_line = count.div_ceil(count.div_ceil(most)); // 5 panels in two lines are 3 and 2
        let width = wide(per_line).clamp(2.0, CELL.1);
        let height = (TALL / units as f32).floor().clamp(4.0, width.max(4.0));

        let map = panels.iter().map(|panel| places(panel, width).last().copied().unwrap_or(0.0) + width);
        let map = map.fold(0.0, f32::max) - 1.0;
        let (mut room, mut pitch) = (slot(per_line), slot(per_line) + GUTTER);
        if per_line > 1 && map > 0.8 * room {
            (room, pitch) = (map, (INNER - AXIS - map) / (per_line as f32 - 1.0)); // the last ends at the margin
        }

        let names = panels.iter().flat_map(|panel| &panel.inputs).map(|input| input.name.as_str());
        let widest = names.map(|name| measure(name, 1.0, true)).fold(0.0, f32::max);
        let label = ((width - 3.0) / widest.max(0.1)).clamp(10.0, 12.0).floor();
        let upright = widest * label > width - 1.0; // long names stand, reading upwards
        let label_height = if upright { (widest * label).ceil() + 6.0 } else { label + 3.0 };
        Self { per_line, room, pitch, cell: (width, height), label, upright, label_height }
    }
}

impl Page {
    /// The bar that tells the truth about an input: thick, thin, or dotted.
    fn truth(&mut self, x: f32, y: f32, width: f32, kind: Kind) {
        match kind {
            Kind::Relevant => self.rect([x, y - 2.0, width, 4.0], &format!("fill=\"{ACCENT}\"")),
            Kind::Irrelevant => self.rect([x, y - 1.0, width, 1.0], &format!("fill=\"{GREY}\"")),
            Kind::Probe => {
                let dots = (width / 4.0).floor().max(1.0);
                let start = x + (width - (4.0 * dots - 2.0)) / 2.0;
                for dot in 0..dots as usize {
                    self.rect([start + 4.0 * dot as f32, y - 1.0, 2.0, 2.0], &format!("fill=\"{GREY}\""));
                }
            }
        }
    }

    fn legend(&mut self, y: f32, broken: bool) {
        let mut x = MARGIN;
        let entries =
            [(Kind::Relevant, "relevant in truth"), (Kind::Irrelevant, "irrelevant"), (Kind::Probe, "probe")];
        for (kind, name) in entries {
            self.truth(x, y - 4.0, 22.0, kind);
            let weight = if kind == Kind::Relevant { "font-weight=\"700\"" } else { "" };
            self.text(x + 29.0, y, 13.0, name, weight);
            x += 29.0 + measure(name, 13.0, true) * SLACK + 24.0;
        }
        if broken {
            self.rect([x, y - 10.0, 12.0, 12.0], &format!("fill=\"{BROKEN}\""));
            self.text(x + 19.0, y, 13.0, "not finite", "");
        }
    }

    /// A row below `y`; returns where it ends.
    fn row(&mut self, y: f32, row: &Row) -> f32 {
        let max = scale_max(&row.panels);
        let grid = Grid::new(&row.panels);
        self.rect([MARGIN, y, INNER, 1.0], &format!("fill=\"{RULE}\""));
        let mut bottom = y + 30.0;
        self.colour_bar(WIDTH - MARGIN - BAR, bottom - 11.0, max, "|w|");
        for line in wrap(&row.heading, 16.0, true, INNER - BAR - 70.0) {
            self.text(MARGIN, bottom, 16.0, &line, "font-weight=\"700\"");
            bottom += 21.0;
        }
        bottom += 14.0;
        for line in row.panels.chunks(grid.per_line) {
            bottom = self.line(bottom, line, &grid, max) + 26.0;
        }
        bottom - 8.0
    }

    pub(crate) fn colour_bar(&mut self, x: f32, y: f32, max: f32, what: &str) {
        self.rect([x, y, BAR, 11.0], "fill=\"url(#scale)\"");
        self.text(x - 10.0, y + 10.0, 13.0, what, "text-anchor=\"end\"");
        for (part, anchor) in [(0.0, "start"), (0.5, "middle"), (1.0, "end")] {
            let at = x + part * BAR;
            self.rect([(at - part).floor(), y + 11.0, 1.0, 4.0], &format!("fill=\"{GREY}\""));
            self.text(
                at,
                y + 27.0,
                12.0,
                &number(part * max),
                &format!("text-anchor=\"{anchor}\" fill=\"{GREY}\""),
            );
        }
    }

    /// Panels beside each other below `y`; returns where they end.
    fn line(&mut self, y: f32, panels: &[Panel], grid: &Grid, max: f32) -> f32 {
        let titles: Vec<_> = panels.iter().map(|panel| wrap(&panel.title, 14.0, true, grid.room)).collect();
        let captions: Vec<_> =
            panels.iter().map(|panel| wrap(&panel.caption, 13.0, false, grid.room)).collect();
        let lines = titles
            .iter()
            .zip(&captions)
            .map(|(title, caption)| title.len() + caption.len())
            .max()
            .unwrap_or(0);
        let top = y + 18.0 * lines as f32 + 4.0;
        let mut bottom = top;
        for (i, panel) in panels.iter().enumerate() {
            let x = (MARGIN + AXIS + i as f32 * grid.pitch).floor();
            let mut baseline = top + 8.0 - 18.0 * (titles[i].len() + captions[i].len()) as f32;
            for line in &titles[i] {
                self.text(x, baseline, 14.0, line, "font-weight=\"700\"");
                baseline += 18.0;
            }
            for line in &captions[i] {
                self.text(x, baseline, 13.0, line, &format!("fill=\"{GREY}\""));
                baseline += 18.0;
            }
            let height = self.map(x, top, panel, grid, max);
            self.columns(x, top + height, panel, grid);
            if i == 0 {
                self.units(x, top, height, panel.outputs);
            }
            bottom = bottom.max(top + height + grid.label_height + 11.0);
        }
        bottom
    }

    /// The cells; returns their height.
    fn map(&mut self, x: f32, y: f32, panel: &Panel, grid: &Grid, max: f32) -> f32 {
        let (width, height) = grid.cell;
        let _ = writeln!(self.body, "<g shape-rendering=\"crispEdges\">");
        for (column, at) in panel.columns().zip(places(panel, width)) {
            for (output, weight) in column.enumerate() {
                let fill = share(weight, max).map_or(BROKEN.to_owned(), |share| hex(colour(share)));
                let cell = [x + at, y + output as f32 * height, width - gap(width), height - gap(height)];
                self.rect(cell, &format!("fill=\"{fill}\""));
            }
        }
        self.body += "</g>\n";
        panel.outputs as f32 * height
    }

    /// The names of the inputs and the truth about them, below the cells.
    fn columns(&mut self, x: f32, y: f32, panel: &Panel, grid: &Grid) {
        let width = grid.cell.0 - gap(grid.cell.0);
        let mut free = 0.0; // of narrow columns not every one has room for its name
        for (input, at) in panel.inputs.iter().zip(places(panel, grid.cell.0)) {
            let style = match input.kind {
                Kind::Relevant => "font-weight=\"700\"".to_owned(),
                _ => format!("fill=\"{GREY}\""),
            };
            let middle = x + at + width / 2.0;
            if grid.upright && at < free {
                // No room.
            } else if grid.upright {
                free = at + grid.label + 1.0;
                let (x, y) = (middle + grid.label * 0.36, y + 5.0);
                let turn = format!("{style} text-anchor=\"end\" transform=\"rotate(-90 {x} {y})\"");
                self.text(x, y, grid.label, &input.name, &turn);
            } else {
                let style = format!("{style} text-anchor=\"middle\"");
                self.text(middle, y + grid.label + 1.0, grid.label, &input.name, &style);
            }
            self.truth(x + at, y + grid.label_height + 6.0, width, input.kind);
        }
    }

    /// The hidden units, left of the cells: the first, the last, and what they are.
    fn units(&mut self, x: f32, y: f32, height: f32, outputs: usize) {
        let style = format!("fill=\"{GREY}\" text-anchor=\"end\"");
        self.text(x - 6.0, y + 10.0, 12.0, "1", &style);
        if outputs > 1 {
            self.text(x - 6.0, y + height - 2.0, 12.0, &outputs.to_string(), &style);
        }
        let (x, y) = (x - 22.0, y + height / 2.0);
        let style = format!("fill=\"{GREY}\" text-anchor=\"middle\" transform=\"rotate(-90 {x} {y})\"");
        self.text(x, y, 12.0, "hidden unit", &style);
    }
}

/// Between cells of this width or height; there is none between the smallest.
fn gap(size: f32) -> f32 {
    if size < 6.0 { 0.0 } else { 1.0 }
}

/// Where the columns of a panel begin: side by side, with a small gap before the probes.
fn places(panel: &Panel, width: f32) -> Vec<f32> {
    let first = panel.inputs.iter().position(|input| input.kind == Kind::Probe).unwrap_or(0);
    (0..panel.inputs.len())
        .map(|i| i as f32 * width + if first > 0 && i >= first { SPLIT } else { 0.0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heatmap::Input;
    use crate::svg::tests::check;

    /// A panel of `real` inputs, two of them relevant, and `probes`.
    fn panel(title: &str, real: usize, probes: usize, outputs: usize) -> Panel {
        let kind = |i: usize| if i < 2 { Kind::Relevant } else { Kind::Irrelevant };
        let inputs = (0..real).map(|i| Input { name: format!("x{}", i + 1), kind: kind(i) });
        let extra = (0..probes).map(|i| Input { name: format!("p{}", i + 1), kind: Kind::Probe });
        Panel {
            title: title.to_owned(),
            caption: "ratio 0.03 · exact, λ ≥ 10⁻⁴".to_owned(),
            weights: (0..(real + probes) * outputs).map(|i| i as f32 / 1000.0).collect(),
            outputs,
            inputs: inputs.chain(extra).collect(),
        }
    }

    fn rows() -> Vec<Row> {
        let long = "Full-batch gradient descent with a very long description of its schedule";
        vec![
            Row {
                heading: "A · y = x1 + x2 + noise, 14-8-1 linear".to_owned(),
                panels: ["SGD", "b", "c", "d", long].map(|title| panel(title, 6, 8, 8)).to_vec(),
            },
            Row {
                heading: "C".to_owned(),
                panels: ["a", long, "c", "d"].map(|title| panel(title, 8, 0, 16)).to_vec(),
            },
            Row { heading: long.repeat(2), panels: vec![panel("wide", 20, 20, 4)] },
        ]
    }

    #[test]
    fn no_text_overlaps_or_is_clipped() {
        check(&svg("What |W1| looks like", &rows()));
        check(&svg("", &[]));
        let mut long = rows();
        long[0].panels[0].inputs[3].name = "temperature".to_owned();
        check(&svg("Names that stand", &long));
    }

    #[test]
    fn titles_are_escaped() {
        let mut rows = rows();
        rows[0].panels[0].title = "a < b & \"c\" > 'd'\u{1}".to_owned();
        let texts = check(&svg("<script> & co", &rows));
        assert!(texts.contains(&"<script> & co".to_owned()));
        assert!(texts.contains(&"a < b & \"c\" > 'd'\u{fffd}".to_owned()));
    }

    #[test]
    fn every_cell_is_there() {
        let maps = |svg: &str| -> Vec<usize> {
            let groups = svg.split("<g shape-rendering").skip(1);
            groups.map(|group| group.split("</g>").next().unwrap_or("").matches("<rect").count()).collect()
        };
        let sizes = [vec![14 * 8; 5], vec![8 * 16; 4], vec![40 * 4]].concat();
        assert_eq!(maps(&svg("t", &rows())), sizes);

        let one = Row {
            heading: "h".to_owned(),
            panels: vec![Panel { weights: vec![0.0, 0.5, f32::NAN], ..panel("one", 3, 0, 1) }],
        };
        let picture = svg("t", &[one]);
        for fill in [hex(ANCHORS[0]), hex(colour(0.5 / 0.5)), BROKEN.to_owned()] {
            assert!(picture.contains(&format!("fill=\"{fill}\"/>")), "{fill}");
        }
        assert!(picture.contains("not finite"));
        assert!(!svg("t", &rows()).contains("not finite"));
    }
}
