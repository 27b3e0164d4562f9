//! The tables of `docs/BENCHMARKS.md`, from the figures of the benchmarks.

use std::fmt::Write;

use anyhow::{Context, Result};
use tamis_host::bench::device::{Cost, Row};
use tamis_host::bench::figures::{Figures, SMALL};
use tamis_host::bench::growth::{Fit, Line};
use tamis_host::bench::suite;
use tamis_host::machine::Machine;
use tamis_host::svg;
use tamis_host::tools::Profile;

/// The estimated cycles of others, where they were measured: C with four outputs a pass, and AIfES 2.2.0. From the
/// table in `docs/BENCHMARKS.md`.
const OTHERS: [(&str, &str, &str); 3] =
    [("W1", "13.3k", "141k"), ("W2", "14.9k", "125k"), ("W3", "336k", "4.69M")];

/// The README's table: the reference core in short.
pub fn summary(figures: &Figures) -> Result<String> {
    let mut text = String::from(
        "| | instructions | cycles, estimated | in C | in AIfES | hot code | in `small` | RAM | stack |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for bench in suite::all() {
        let of = |profile| cost(figures, profile, Machine::MpsAn386, bench.name);
        let (Some(fast), Some(small)) = (of(Profile::Release)?, of(Profile::Small)?) else { continue };
        let other = OTHERS.iter().find(|(name, ..)| *name == bench.name);
        let (c, aifes) = other.map_or(("", ""), |&(_, c, aifes)| (c, aifes));
        writeln!(
            text,
            "| {} | {} | {} | {c} | {aifes} | {} B | {} B | {} B | {} B |",
            bench.network,
            spaced(fast.instructions),
            fast.estimated_cycles.map_or("-".to_owned(), spaced),
            spaced(fast.hot_code_bytes),
            spaced(small.hot_code_bytes),
            spaced(fast.ram_bytes),
            spaced(fast.stack_bytes),
        )?;
    }
    Ok(text)
}

/// One of the values.
type Value = fn(&Cost) -> u64;

/// What a step costs: on the reference in full, and on the others.
pub fn device(figures: &Figures) -> Result<String> {
    let mut text = String::from(
        "| Cortex-M4F | network | instructions | cycles, estimated | hot code | image | parameters | scratch | gradient | stack | ReLU active |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for bench in suite::all() {
        let Some(cost) = cost(figures, Profile::Release, Machine::MpsAn386, bench.name)? else { continue };
        let cycles = cost.estimated_cycles.map_or("-".to_owned(), spaced);
        let active = cost.active_units.map_or("-".to_owned(), |share| format!("{:.0} %", 100.0 * share));
        writeln!(
            text,
            "| {} | {} | {} | {cycles} | {} | {} | {} | {} | {} | {} | {active} |",
            bench.name,
            bench.network,
            spaced(cost.instructions),
            spaced(cost.hot_code_bytes),
            spaced(cost.image_bytes),
            spaced(cost.params_bytes),
            spaced(cost.scratch_bytes),
            spaced(cost.gradient_bytes),
            spaced(cost.stack_bytes),
        )?;
    }
    let tables: [(&str, Value); 4] = [
        ("instructions", |cost| cost.instructions),
        ("hot code, bytes", |cost| cost.hot_code_bytes),
        ("image, bytes", |cost| cost.image_bytes),
        ("stack, bytes", |cost| cost.stack_bytes),
    ];
    for (name, value) in tables {
        text += "\n";
        text += &by_machine(figures, name, value)?;
    }
    text += "\n";
    text += &small(figures)?;
    Ok(text)
}

/// What the profile `small` saves and costs.
fn small(figures: &Figures) -> Result<String> {
    let mut text = String::from(
        "| `small` | core | | hot code | image | instructions | cycles, estimated |\n|---|---|---|---|---|---|---|\n",
    );
    for machine in SMALL {
        for bench in suite::all() {
            let name = bench.name;
            let Some(small) = cost(figures, Profile::Small, machine, name)? else { continue };
            let Some(fast) = cost(figures, Profile::Release, machine, name)? else { continue };
            let beside = |value: Value| format!("{} for {}", spaced(value(small)), spaced(value(fast)));
            let cycles = match (small.estimated_cycles, fast.estimated_cycles) {
                (Some(small), Some(fast)) => format!("{} for {}", spaced(small), spaced(fast)),
                _ => "-".to_owned(),
            };
            writeln!(
                text,
                "| `{machine}` | {} | {name} | {} | {} | {} | {cycles} |",
                machine.core(),
                beside(|cost| cost.hot_code_bytes),
                beside(|cost| cost.image_bytes),
                beside(|cost| cost.instructions),
            )?;
        }
    }
    Ok(text)
}

/// One value, benchmark by machine.
fn by_machine(figures: &Figures, name: &str, value: Value) -> Result<String> {
    let benches = suite::all();
    let names: Vec<_> = benches.iter().map(|bench| bench.name).collect();
    let mut text = format!("| {name} | core | {} |\n", names.join(" | "));
    writeln!(text, "|---|---|{}", "---|".repeat(names.len()))?;
    for &machine in Machine::CORES {
        write!(text, "| `{machine}` | {} |", machine.core())?;
        for name in &names {
            let cell = cost(figures, Profile::Release, machine, name)?
                .map_or("does not fit".to_owned(), |c| spaced(value(c)));
            write!(text, " {cell} |")?;
        }
        text += "\n";
    }
    Ok(text)
}

fn cost<'a>(
    figures: &'a Figures,
    profile: Profile,
    machine: Machine,
    workload: &str,
) -> Result<Option<&'a Cost>> {
    let is_it = |row: &&Row| (row.profile, row.machine) == (profile, machine) && row.workload == workload;
    let row = figures.device.iter().find(is_it).with_context(|| format!("no {workload} on {machine}"))?;
    Ok(row.cost.as_ref())
}

/// The fits, and the points behind them.
pub fn growth(figures: &Figures) -> Result<String> {
    let growth = &figures.growth;
    let fit = growth.fit()?;
    let Fit { a, b, c, d } = fit;
    let Line { intercept, slope, r_squared } = growth.line()?;
    let most = growth.grid.iter().map(|point| fit.error(point).abs()).fold(0.0, f64::max);
    let wide = growth.grid.iter().filter(|point| point.narrowest >= 16).map(|point| fit.per_mac(point));
    let (least, greatest) =
        wide.fold((f64::INFINITY, 0.0), |(least, most), d: f64| (d.min(least), d.max(most)));
    let network = growth.batches.first().map_or("", |point| point.network.as_str());
    let mut text = format!(
        "instructions = **{a:.0}** + **{b:.0}** layers + **{c:.1}** units + **{d:.2}** MACs, at most {:.1} % off on {} \
         networks. What a MAC costs is between {least:.2} and {greatest:.2} where all widths but the output's are 16 \
         and more.\n\n\
         {network}, batches of 2 and more: instructions = **{intercept:.0}** + **{slope:.0}** samples, R² = {r_squared:.6}.\n\n\
         | network | MACs | instructions | off |\n|---|---|---|---|\n",
        100.0 * most,
        growth.grid.len(),
    );
    for point in &growth.grid {
        writeln!(
            text,
            "| {} | {} | {} | {:+.1} % |",
            point.network,
            spaced(point.macs),
            spaced(point.instructions),
            100.0 * fit.error(point)
        )?;
    }
    writeln!(text, "\n| {network}, batch | instructions |\n|---|---|")?;
    for point in &growth.batches {
        writeln!(text, "| {} | {} |", point.batch, spaced(point.instructions))?;
    }
    Ok(text)
}

/// A count with a space at every third digit.
fn spaced(count: u64) -> String {
    svg::grouped(count, ' ')
}
