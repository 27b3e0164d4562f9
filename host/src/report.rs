//! Tables and progress bars, in one style.

use std::fmt::Display;
use std::time::Duration;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` steps of work.
pub fn progress(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:<34} {bar:32} {percent:>3} %  {eta} left");
    let bar = ProgressBar::new(length as u64);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A table whose first `labels` columns are text and the others numbers.
pub fn table<T: Display>(header: &[&str], labels: usize, rows: impl IntoIterator<Item = Vec<T>>) -> Table {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(line));
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(labels) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
