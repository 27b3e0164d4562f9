//! `tamis bench`: what a training step costs.

pub mod cycles;
pub mod debugger;
pub mod device;
pub mod growth;
pub mod probe;
pub mod program;
pub mod suite;
pub mod trace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::bench::device::{Cost, Row};
use crate::machine::Machines;
use crate::{report, tools};

/// Measures a training step on emulated boards: instructions, code, RAM, stack.
///
/// Every figure but the cycles is counted, and repeats exactly; every training measured has the bits of the same
/// training on the host.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis bench --machine all --json")]
pub struct Options {
    /// The board, or all of them.
    #[arg(long, value_name = "M|all", default_value = "mps2-an386", value_parser = Machines::parse)]
    pub machine: Machines,
    /// One JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let Machines(machines) = &options.machine;
    if let Err(missing) = machines.iter().try_for_each(|&machine| tools::ensure_qemu(machine)) {
        eprintln!("error: {missing}");
        return Ok(ExitCode::from(3));
    }
    let bar = report::progress(machines.len() * suite::all().len());
    let rows = device::measure_all(machines, |row| {
        bar.set_message(format!("{} on {}", row.workload, row.machine));
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    if options.json {
        let object = serde_json::json!({ "device": rows, "host": [] });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", table(&rows));
    Ok(ExitCode::SUCCESS)
}

fn table(rows: &[Row]) -> comfy_table::Table {
    let header =
        ["machine", "workload", "instructions", "cycles, estimated", "hot code", "image", "RAM", "stack"];
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

fn figures(cost: &Cost) -> [String; 6] {
    [
        cost.instructions.to_string(),
        cost.estimated_cycles.map_or("-".to_owned(), |cycles| cycles.to_string()),
        cost.hot_code_bytes.to_string(),
        cost.image_bytes.to_string(),
        cost.ram_bytes.to_string(),
        cost.stack_bytes.to_string(),
    ]
}
