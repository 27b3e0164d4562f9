//! The benchmarks on the emulated machines.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tamis_firmware::workloads::WARM_UP;

use super::cycles;
use super::probe::Probe;
use super::program::Program;
use super::suite::{self, Bench, Replica};
use crate::machine::Machine;
use crate::pool;
use crate::tools::{self, Profile};

/// A benchmark on a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Row {
    /// The machine.
    pub machine: Machine,
    /// How the program is built.
    pub profile: Profile,
    /// The benchmark.
    pub workload: String,
    /// What it costs; nothing where it does not fit into the machine's RAM.
    #[serde(flatten)]
    pub cost: Option<Cost>,
}

/// By hand: a derived reader of optional fields that lie flat takes a damaged number for an absent one.
impl TryFrom<Value> for Row {
    type Error = serde_json::Error;

    fn try_from(row: Value) -> Result<Self, serde_json::Error> {
        let machine = Machine::deserialize(&row["machine"])?;
        let profile = Profile::deserialize(&row["profile"])?;
        let workload = String::deserialize(&row["workload"])?;
        let fits = row.get("instructions").is_some();
        Ok(Self { machine, profile, workload, cost: fits.then(|| Cost::deserialize(&row)).transpose()? })
    }
}

/// What one step costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Instructions executed, callees included.
    pub instructions: u64,
    /// On a Cortex-M4F, cycles as [`cycles::MODEL`] has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_cycles: Option<u64>,
    /// Bytes of the distinct instructions that are executed.
    pub hot_code_bytes: u64,
    /// Bytes of the whole program that go into flash.
    pub image_bytes: u64,
    /// Bytes that the program lends, all buffers together.
    pub ram_bytes: u64,
    /// Of these, weights and biases.
    pub params_bytes: u64,
    /// Of these, outputs and deltas of the units.
    pub scratch_bytes: u64,
    /// Of these, the gradient of a batch of more than one.
    pub gradient_bytes: u64,
    /// Bytes of stack below the call.
    pub stack_bytes: u64,
    /// Of the ReLU units, the share that is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_units: Option<f64>,
}

/// Builds a benchmark for a machine; nothing if it does not fit.
pub fn build(profile: Profile, machine: Machine, program: &str) -> Result<Option<Program>> {
    let mut build = tools::firmware_build(profile, machine, program)?;
    let output = tools::build_and_keep(profile, machine, program, &mut build)?;
    if output.status.success() {
        return Program::read(&tools::elf_path(profile, machine, program)).map(Some);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("will not fit in region 'RAM'") {
        return Ok(None);
    }
    bail!("{program} for {machine} does not build:\n{errors}")
}

/// Measures all benchmarks on these machines, several at once; `done` hears of each.
pub fn measure_all(profile: Profile, machines: &[Machine], done: impl Fn(&Row) + Sync) -> Result<Vec<Row>> {
    let benches = suite::all();
    let each = |&machine: &Machine| benches.iter().map(move |bench| (machine, bench));
    let all: Vec<_> = machines.iter().flat_map(each).collect();
    let rows = pool::map(&all, |&(machine, bench)| measure(profile, machine, bench).inspect(&done));
    rows.into_iter().collect()
}

/// Measures a benchmark on a machine.
pub fn measure(profile: Profile, machine: Machine, bench: &Bench) -> Result<Row> {
    let Some(program) = build(profile, machine, bench.program)? else {
        return Ok(Row { machine, profile, workload: bench.name.to_owned(), cost: None });
    };
    let probe = Probe { machine, program: &program, function: bench.step, skip: WARM_UP, setting: None };
    let call = probe.measure().with_context(|| format!("{} on {machine}", bench.name))?;
    let Replica { digest, active } = (bench.replica)()?;
    let expected = format!("INFO digest {digest:08x}");
    ensure!(
        call.messages == [expected.as_str()],
        "{} on {machine} trains something else: {:?}, not {expected}",
        bench.name,
        call.messages
    );
    let bytes = |bytes: usize| bytes as u64;
    let cost = Cost {
        instructions: call.trace.instructions(),
        estimated_cycles: (machine == Machine::MpsAn386).then(|| cycles::estimate(&program, &call.trace)),
        hot_code_bytes: call.trace.hot_code(),
        image_bytes: bytes(program.image),
        ram_bytes: bytes(bench.ram.total()),
        params_bytes: bytes(bench.ram.params),
        scratch_bytes: bytes(bench.ram.scratch),
        gradient_bytes: bytes(bench.ram.gradient),
        stack_bytes: bytes(call.stack),
        active_units: active,
    };
    Ok(Row { machine, profile, workload: bench.name.to_owned(), cost: Some(cost) })
}
