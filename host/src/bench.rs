//! `tamis bench`: what a training step costs.

pub mod cycles;
pub mod debugger;
pub mod device;
pub mod figures;
pub mod growth;
pub mod host;
pub mod picture;
pub mod probe;
pub mod program;
pub mod suite;
pub mod trace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use tamis_speed::figures::Figures as Timings;

use crate::bench::device::{Cost, Row};
use crate::machine::Machines;
use crate::tools::Profile;
use crate::{report, tools};

/// Measures a training step on emulated boards, instructions, code, RAM, stack; and on this machine, time.
///
/// Of a board every figure but the cycles is counted, and repeats exactly; every training measured has the bits of the
/// same training on the host. On this machine it is timed beside plain C and another library, the shortest of many.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis bench --machine all --no-host --json")]
pub struct Options {
    /// The board, or all of them.
    #[arg(long, value_name = "M|all", default_value = "mps2-an386", value_parser = Machines::parse)]
    pub machine: Machines,
    /// Programs of the profile `small`: less code for more cycles.
    #[arg(long)]
    pub small: bool,
    /// Boards only.
    #[arg(long, conflicts_with = "torch")]
    pub no_host: bool,
    /// With PyTorch on this machine, where Python has it.
    #[arg(long)]
    pub torch: bool,
    /// How the instructions grow with network and batch, on a Cortex-M4F, instead.
    #[arg(long, conflicts_with_all = ["machine", "small", "no_host", "torch"])]
    pub growth: bool,
    /// One JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    if options.growth {
        return run_growth(options.json);
    }
    let Machines(machines) = &options.machine;
    if let Err(missing) = machines.iter().try_for_each(|&machine| tools::ensure_qemu(machine)) {
        eprintln!("error: {missing}");
        return Ok(ExitCode::from(3));
    }
    let bar = report::progress(machines.len() * suite::all().len());
    let profile = if options.small { Profile::Small } else { Profile::Release };
    let rows = device::measure_all(profile, machines, |row| {
        bar.set_message(format!("{} on {}", row.workload, row.machine));
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    let host = if options.no_host { None } else { Some(host::measure(options.torch)?) };
    if options.json {
        let Timings { rows: host, peaks, absent } = host.unwrap_or_default();
        let object = serde_json::json!({ "device": rows, "host": host, "peaks": peaks, "absent": absent });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", table(&rows));
    println!("Cycles are an estimate, model: {}; never measured on silicon.", cycles::MODEL);
    if let Some(host) = host {
        print!("\n{}", host::tables(&host));
    }
    Ok(ExitCode::SUCCESS)
}

fn run_growth(json: bool) -> Result<ExitCode> {
    if let Err(missing) = tools::ensure_qemu(growth::MACHINE) {
        eprintln!("error: {missing}");
        return Ok(ExitCode::from(3));
    }
    let bar = report::progress(growth::CASES);
    let growth = growth::measure(|point| {
        bar.set_message(point.network.clone());
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    let (fit, line) = (growth.fit()?, growth.line()?);
    if json {
        let object = serde_json::json!({ "growth": growth, "fit": fit, "line": line });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(ExitCode::SUCCESS);
    }
    let rows = growth.grid.iter().chain(&growth.batches).map(|point| {
        let counts = [point.batch.into(), point.layers, point.units, point.macs, point.instructions];
        let mut cells = vec![point.network.clone()];
        cells.extend(counts.map(|count| count.to_string()));
        cells
    });
    println!("{}", report::table(&["network", "batch", "layers", "units", "MACs", "instructions"], 1, rows));
    let growth::Fit { a, b, c, d } = fit;
    println!("batch of one: {a:.0} + {b:.0} layers + {c:.1} units + {d:.2} MACs");
    println!("more: {:.0} + {:.0} samples, R² {:.6}", line.intercept, line.slope, line.r_squared);
    Ok(ExitCode::SUCCESS)
}

fn table(rows: &[Row]) -> comfy_table::Table {
    let header = [
        "machine",
        "workload",
        "instructions",
        "cycles, estimated",
        "hot code",
        "image",
        "RAM",
        "stack",
        "ReLU active",
    ];
    let cells = rows.iter().map(|row| {
        let mut cells = vec![row.machine.to_string(), row.workload.to_owned()];
        match &row.cost {
            Some(cost) => cells.extend(figures(cost)),
            None => cells.push("does not fit".to_owned()),
        }
        cells
    });
    report::table(&header, 2, cells)
}

fn figures(cost: &Cost) -> [String; 7] {
    [
        cost.instructions.to_string(),
        cost.estimated_cycles.map_or("-".to_owned(), |cycles| cycles.to_string()),
        cost.hot_code_bytes.to_string(),
        cost.image_bytes.to_string(),
        cost.ram_bytes.to_string(),
        cost.stack_bytes.to_string(),
        cost.active_units.map_or("-".to_owned(), report::percent),
    ]
}
