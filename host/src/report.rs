//! Tables and progress bars, in one style.

use std::fmt::Display;
use std::time::Duration;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tamis::{Ram, Verdict};

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

/// The buffers of a training by name, in bytes.
pub fn buffers(ram: &Ram) -> [(&'static str, usize); 10] {
    [
        ("params", ram.params),
        ("scratch", ram.scratch),
        ("gradient", ram.gradient),
        ("velocity", ram.velocity),
        ("rates", ram.rates),
        ("sample", ram.sample),
        ("indices", ram.indices),
        ("samples", ram.samples),
        ("norms", ram.norms),
        ("standardise", ram.standardise),
    ]
}

/// [`buffers`] as an object.
pub fn ram_by_buffer(ram: &Ram) -> Value {
    buffers(ram).into_iter().map(|(name, bytes)| (name.to_owned(), Value::from(bytes))).collect()
}

/// The name of a verdict.
pub fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Relevant => "relevant",
        Verdict::Irrelevant => "irrelevant",
        Verdict::Undecided => "undecided",
    }
}

/// A number under 1 as a percentage.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { "-".to_owned() }
}

/// A number with so many decimals, fewer where it is large; a dash for one that is not finite.
pub fn number(value: f32, decimals: usize) -> String {
    match value {
        value if !value.is_finite() => "-".to_owned(),
        value if value.abs() >= 1e6 => format!("{value:.2e}"),
        value => format!("{value:.decimals$}"),
    }
}
