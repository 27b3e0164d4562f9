//! The host's half of the benchmarks: the program that measures, built and run, and its figures as tables.
//!
//! The program is the bench target `host` of the package `tamis-speed`, for Cargo builds that optimised and on its own.

use std::fmt::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tamis_firmware::workloads::W1;
use tamis_speed::figures::{Absent, Figures, HostRow};
use tamis_speed::steps::multiply_adds;

use crate::{report, tools};

/// The workloads in the order of the columns.
const WORKLOADS: [&str; 5] = ["W1", "W2", "W3", "W4", "W5"];

/// What others take, in nanoseconds a step of W1, W2 and W3: the best of several builds, on one core of an x86-64, plus
/// or minus 20 %. Measured in November 2026.
pub const PUBLISHED: [(&str, [Option<f64>; 3]); 5] = [
    ("C, four outputs a pass", [Some(373.0), Some(484.0), Some(7_100.0)]),
    ("KANN", [Some(872.0), Some(500.0), Some(8_100.0)]),
    ("genann, in double", [Some(626.0), Some(673.0), Some(22_700.0)]),
    ("AIfES", [Some(7_400.0), Some(5_300.0), Some(251_000.0)]),
    ("PyTorch 2.2.2, one thread", [Some(234_000.0), Some(251_000.0), Some(244_000.0)]),
];

/// Measures all workloads in all variants, which takes a minute; PyTorch too where it is asked for and there.
pub fn measure(with_torch: bool) -> Result<Figures> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["bench", "--quiet", "--package", "tamis-speed", "--bench", "host"]);
    eprintln!("building and timing; keep the machine quiet");
    let output = cargo.current_dir(tools::workspace()).stderr(Stdio::inherit()).output();
    let output = output.context("cargo does not run")?;
    ensure!(output.status.success(), "the benchmark has failed");
    let mut figures: Figures = serde_json::from_slice(&output.stdout).context("the benchmark's figures")?;
    match torch(with_torch)? {
        Ok(rows) => figures.rows.extend(rows),
        Err(reason) => {
            figures.absent.push(Absent { variant: "PyTorch".to_owned(), reason: reason.to_owned() })
        }
    }
    Ok(figures)
}

/// PyTorch's rows, or why there are none.
fn torch(wanted: bool) -> Result<Result<Vec<HostRow>, &'static str>> {
    if !wanted {
        return Ok(Err("not asked for: --torch"));
    }
    if !tools::runs("python3", &["-c", "import torch"]) {
        return Ok(Err("python3 has no module torch"));
    }
    let mut python = Command::new("python3");
    python.arg("tests/reference/torch_bench.py").current_dir(tools::workspace()).stderr(Stdio::inherit());
    let output = python.output()?;
    ensure!(output.status.success(), "torch_bench.py has failed");
    let lines = output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let rows = lines.map(|line| serde_json::from_slice(line).context("the figures of torch_bench.py"));
    rows.collect::<Result<_>>().map(Ok)
}

/// The times, what they amount to, and what is missing.
pub fn tables(figures: &Figures) -> String {
    let mut variants = Vec::new();
    for row in &figures.rows {
        if !variants.contains(&row.variant.as_str()) {
            variants.push(&row.variant);
        }
    }
    let cell = |ns: Option<f64>| ns.map_or("-".to_owned(), nanoseconds);
    let measured = variants.iter().map(|variant| {
        let times = WORKLOADS.map(|workload| cell(figures.ns(workload, variant)));
        [vec![(*variant).to_owned()], times.to_vec()].concat()
    });
    let published = PUBLISHED.iter().map(|(name, times)| {
        let times = times.iter().copied().chain([None, None]).map(cell);
        [vec![format!("{name} *")], times.collect()].concat()
    });
    let header = ["ns a step and training", "W1", "W2", "W3", "W4", "W5"];
    let table = report::table(&header, 1, measured.chain(published));
    let mut text = format!(
        "{table}\n* measured in November 2026, the best of several builds, on one core of an x86-64, +-20 %\n\n"
    );
    amounts(figures).into_iter().for_each(|line| _ = writeln!(text, "{line}"));
    for Absent { variant, reason } in &figures.absent {
        _ = writeln!(text, "absent: {variant}: {reason}");
    }
    text
}

/// The ratios and the share of the core's peak, one a line.
fn amounts(figures: &Figures) -> Vec<String> {
    let mut lines = Vec::new();
    let to_c = ["W1", "W2", "W3"].iter().filter_map(|workload| {
        let ratio = figures.ns(workload, "scalar")? / figures.ns(workload, "plain C")?;
        Some(format!("{workload} {ratio:.2}"))
    });
    let to_c: Vec<_> = to_c.collect();
    if !to_c.is_empty() {
        lines.push(format!("scalar over plain C: {}", to_c.join(", ")));
    }
    let best = |workload: &str| {
        let of = figures.rows.iter().filter(|row| row.workload == workload && row.variant.contains("lanes"));
        of.map(|row| row.ns_per_step).min_by(f64::total_cmp)
    };
    let gains = WORKLOADS.iter().filter_map(|workload| {
        let gain = figures.ns(workload, "scalar")? / best(workload)?;
        Some(format!("{workload} {gain:.1}"))
    });
    lines.push(format!(
        "lanes, trainings in the time of one scalar: {}",
        gains.collect::<Vec<_>>().join(", ")
    ));
    let pairs = best("W1").map(|ns| multiply_adds::<W1>() as f64 / ns);
    // Eight lanes are vectors of 256 bits: a narrower peak says nothing of them.
    for peak in figures.peaks.iter().filter(|peak| peak.bits >= 256) {
        let share = pairs.map_or(f64::NAN, |pairs| pairs / peak.pairs_per_ns);
        lines.push(format!(
            "peak at {} bits: {:.0} multiplications and as many additions a ns; W1 in lanes: {}",
            peak.bits,
            peak.pairs_per_ns,
            report::percent(share)
        ));
    }
    lines
}

/// With a decimal where it is short.
fn nanoseconds(ns: f64) -> String {
    if ns < 100.0 { format!("{ns:.1}") } else { format!("{ns:.0}") }
}
