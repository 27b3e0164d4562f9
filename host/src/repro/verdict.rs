//! A value beside what it ought to be.

use comfy_table::Table;
use serde_json::{Value, json};

use crate::report;

/// What was found, what is expected, and where that is from.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What it is a value of.
    pub what: String,
    /// What was found; not a finite number where there was nothing to find.
    pub value: f64,
    /// The smallest value that passes.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// Who says so: a figure of the paper, another program, a formula.
    pub source: &'static str,
}

impl Verdict {
    /// `value` is to be `reference`, give or take `tolerance`.
    pub fn near(
        what: impl Into<String>,
        value: f64,
        reference: f64,
        tolerance: f64,
        source: &'static str,
    ) -> Self {
        Self::between(what, value, [reference - tolerance, reference + tolerance], source)
    }

    /// `value` is to lie in a range.
    pub fn between(
        what: impl Into<String>,
        value: f64,
        [least, most]: [f64; 2],
        source: &'static str,
    ) -> Self {
        Self { what: what.into(), value, least, most, source }
    }

    /// Whether it is as it ought to be.
    pub fn passes(&self) -> bool {
        (self.least..=self.most).contains(&self.value)
    }

    /// As an object.
    pub fn to_json(&self) -> Value {
        let Self { what, value, least, most, source } = self;
        json!({ "what": what, "value": value, "least": least, "most": most, "source": source, "passes": self.passes() })
    }
}

/// All of them, one a line.
pub fn table(verdicts: &[Verdict]) -> Table {
    let row = |verdict: &Verdict| {
        let range = match (verdict.least.is_finite(), verdict.most.is_finite()) {
            (true, false) => format!("at least {}", number(verdict.least)),
            (false, _) => format!("at most {}", number(verdict.most)),
            (true, true) => format!("{} to {}", number(verdict.least), number(verdict.most)),
        };
        let result = if verdict.passes() { "pass" } else { "FAIL" };
        vec![verdict.what.clone(), number(verdict.value), range, verdict.source.to_owned(), result.to_owned()]
    };
    report::table(&["", "value", "expected", "source", ""], 1, verdicts.iter().map(row))
}

fn number(value: f64) -> String {
    match value {
        value if !value.is_finite() => "-".to_owned(),
        value if value != 0.0 && value.abs() < 1e-2 => format!("{value:.2e}"),
        value => format!("{value:.3}"),
    }
}
