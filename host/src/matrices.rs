//! A picture of square matrices in rows: one network after the other, the same matrix of each, one scale a row.

use std::fmt::Write;

use crate::figure::{BAR, gradient};
use crate::heatmap::{colour, share};
use crate::svg::{ACCENT, GREY, INNER, MARGIN, Page, WIDTH, hex, wrap};

/// The absolute values of a matrix.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Whose it is: "SGD-32".
    pub name: String,
    /// Row by row, as many rows as columns.
    pub values: Vec<f32>,
    /// How many of each.
    pub size: usize,
}

/// Matrices beside each other, on one scale.
#[derive(Clone, Debug)]
pub struct Row {
    /// What they are: "|W1|, hidden units over inputs".
    pub heading: String,
    /// The same beside the scale: "|w|".
    pub symbol: &'static str,
    /// The matrices.
    pub matrices: Vec<Matrix>,
    /// How many of the columns are marked, from the first on.
    pub marked: usize,
}

/// Between two matrices.
const GUTTER: f32 = 12.0;

/// The picture.
pub fn svg(title: &str, guide: &str, rows: &[Row]) -> String {
    let mut page = Page::default();
    let mut y = page.heading(title, guide) + 14.0;
    for row in rows {
        y = page.matrices(y, row) + 26.0;
    }
    page.finish(title, &gradient(), y + MARGIN - 26.0)
}

/// The end of a scale: the largest finite value.
fn most(row: &Row) -> f32 {
    let values = row.matrices.iter().flat_map(|matrix| &matrix.values).filter(|value| value.is_finite());
    values.fold(0.0, |most, value| value.abs().max(most))
}

impl Page {
    /// A row below `y`; returns where it ends.
    fn matrices(&mut self, y: f32, row: &Row) -> f32 {
        let most = most(row);
        self.colour_bar(WIDTH - MARGIN - BAR, y, most, row.symbol);
        let mut top = y + 12.0;
        for line in wrap(&row.heading, 15.0, true, INNER - BAR - 80.0) {
            self.text(MARGIN, top, 15.0, &line, "font-weight=\"700\"");
            top += 20.0;
        }
        top = (top + 26.0).ceil();
        let count = row.matrices.len().max(1) as f32;
        let room = (INNER - GUTTER * (count - 1.0)) / count;
        let cells = row.matrices.iter().map(|matrix| matrix.size).max().unwrap_or(1).max(1) as f32;
        let side = (room / cells).floor().max(1.0) * cells; // whole pixels, so that no light shows between them
        for (place, matrix) in row.matrices.iter().enumerate() {
            let x = (MARGIN + place as f32 * (room + GUTTER)).floor();
            self.text(x, top - 7.0, 13.0, &matrix.name, "");
            self.cells([x, top, side], matrix, most);
            let marked = side * row.marked as f32 / matrix.size.max(1) as f32;
            if marked > 0.0 {
                self.rect([x, top + side + 3.0, marked, 3.5], &format!("fill=\"{ACCENT}\""));
                let rest = [x + marked, top + side + 4.5, side - marked, 1.0];
                self.rect(rest, &format!("fill=\"{GREY}\""));
            }
        }
        top + side + 8.0
    }

    fn cells(&mut self, [x, y, side]: [f32; 3], matrix: &Matrix, most: f32) {
        let cell = side / matrix.size.max(1) as f32;
        let _ = writeln!(self.body, "<g shape-rendering=\"crispEdges\">");
        for (place, &value) in matrix.values.iter().enumerate() {
            let (row, column) = (place / matrix.size.max(1), place % matrix.size.max(1));
            let fill = share(value.abs(), most).map_or("#c4c4c4".to_owned(), |share| hex(colour(share)));
            let at = [x + column as f32 * cell, y + row as f32 * cell, cell, cell];
            self.rect(at, &format!("fill=\"{fill}\""));
        }
        self.body += "</g>\n";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::check;

    #[test]
    fn no_text_overlaps_or_is_clipped() {
        let matrix =
            |name: &str| Matrix { name: name.to_owned(), values: vec![0.0, 1.0, f32::NAN, -2.0], size: 2 };
        let names = ["init", "GD", "SGD-512", "SGD-128", "SGD-32", "SGD-1", "GD+wd"];
        let row = |marked| Row {
            heading: "A long heading about matrices, the same of each network, one scale for all".to_owned(),
            symbol: "|w|",
            matrices: names.map(matrix).to_vec(),
            marked,
        };
        let picture = svg("Title", "What it shows.", &[row(1), row(0)]);
        check(&picture);
        // The largest is yellow, what is no number grey.
        assert_eq!(picture.matches("fill=\"#fde725\"").count(), 14);
        assert_eq!(picture.matches("fill=\"#c4c4c4\"").count(), 14);
    }
}
