//! The benchmarks on the emulated machines.

use anyhow::{Context, Result, bail, ensure};
use serde::{Serialize, Serializer};
use tamis::Ram;
use tamis_firmware::workloads::WARM_UP;

use super::cycles;
use super::probe::Probe;
use super::program::Program;
use super::suite::{self, Bench};
use crate::machine::Machine;
use crate::tools::{self, Profile};
use crate::{pool, report};

/// A benchmark on a machine.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The machine.
    pub machine: Machine,
    /// The benchmark.
    pub workload: &'static str,
    /// What it costs; nothing where it does not fit into the machine's RAM.
    #[serde(flatten)]
    pub cost: Option<Cost>,
}

/// What one step costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Instructions executed, callees included.
    pub instructions: u64,
    /// Bytes of the distinct instructions among them.
    pub hot_code_bytes: u64,
    /// Bytes of the whole program that go into flash.
    pub image_bytes: usize,
    /// Bytes that the program lends.
    pub ram_bytes: usize,
    /// The same by buffer.
    #[serde(serialize_with = "by_buffer")]
    pub ram: Ram,
    /// Bytes of stack below the call.
    pub stack_bytes: usize,
    /// On a Cortex-M4F, cycles as [`cycles::MODEL`] has them.
    pub estimated_cycles: Option<u64>,
}

fn by_buffer<S: Serializer>(ram: &Ram, serializer: S) -> Result<S::Ok, S::Error> {
    report::ram_by_buffer(ram).serialize(serializer)
}

/// Builds a benchmark for a machine; nothing if it does not fit.
pub fn build(machine: Machine, program: &str) -> Result<Option<Program>> {
    let mut build = tools::firmware_build(Profile::Release, machine, program)?;
    let output = tools::build_and_keep(Profile::Release, machine, program, &mut build)?;
    if output.status.success() {
        return Program::read(&tools::elf_path(Profile::Release, machine, program)).map(Some);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("will not fit in region 'RAM'") {
        return Ok(None);
    }
    bail!("{program} for {machine} does not build:\n{errors}")
}

/// Measures all benchmarks on these machines, several at once; `done` hears of each.
pub fn measure_all(machines: &[Machine], done: impl Fn(&Row) + Sync) -> Result<Vec<Row>> {
    let benches = suite::all();
    let each = |&machine: &Machine| benches.iter().map(move |bench| (machine, bench));
    let all: Vec<_> = machines.iter().flat_map(each).collect();
    let rows = pool::map(&all, |&(machine, bench)| measure(machine, bench).inspect(&done));
    rows.into_iter().collect()
}

/// Measures a benchmark on a machine.
pub fn measure(machine: Machine, bench: &Bench) -> Result<Row> {
    let Some(program) = build(machine, bench.program)? else {
        return Ok(Row { machine, workload: bench.name, cost: None });
    };
    let probe = Probe { machine, program: &program, function: bench.step, skip: WARM_UP, setting: None };
    let call = probe.measure().with_context(|| format!("{} on {machine}", bench.name))?;
    let digest = (bench.replica)()?.digest;
    let expected = format!("INFO digest {digest:08x}");
    ensure!(
        call.messages == [expected.as_str()],
        "{} on {machine} trains something else: {:?}, not {expected}",
        bench.name,
        call.messages
    );
    let cost = Cost {
        instructions: call.trace.instructions(),
        hot_code_bytes: call.trace.hot_code(),
        image_bytes: program.image,
        ram_bytes: bench.ram.total(),
        ram: bench.ram,
        stack_bytes: call.stack,
        estimated_cycles: (machine == Machine::MpsAn386).then(|| cycles::estimate(&program, &call.trace)),
    };
    Ok(Row { machine, workload: bench.name, cost: Some(cost) })
}
