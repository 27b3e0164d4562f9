//! The workloads in plain C: `tests/reference/plain.c`, compiled by the compiler that is here.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use tamis::Network;
use tamis_firmware::workloads::Workload;

use crate::simd::Level;
use crate::steps::{ROWS, Training};

/// The compiler and what it is asked for. No fused multiply-add, as in the kernel.
const COMPILER: [&str; 4] = ["cc", "-O3", "-ffp-contract=off", "-std=c99"];

/// Whether there is a C compiler.
pub fn has_compiler() -> bool {
    Command::new(COMPILER[0]).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The compiler and its options, to be read.
pub fn compiler() -> String {
    COMPILER.join(" ")
}

/// Steps over which [`check`] compares.
const CHECKED: u32 = 200;

/// The most that sums in another order change: a part of the norm of all parameters.
const BOUND: f64 = 1e-4;

/// Whether the C program computes the same training: loss and parameters after 200 steps.
pub fn check<W: Workload>() -> Result<()> {
    let mut training = Training::<W, f32>::scalar(0)?;
    let loss = training.run(CHECKED, Level::Baseline)?;
    let mut plain = Plain::start::<W>()?;
    let (_, plain_loss) = plain.run(CHECKED)?;
    let params = plain.params()?;
    ensure!(params.len() == training.params().len(), "{}: the C program has another network", W::NAME);
    let norm = |numbers: &mut dyn Iterator<Item = f32>| {
        numbers.map(|number| f64::from(number).powi(2)).sum::<f64>().sqrt()
    };
    let pairs = training.params().iter().zip(&params);
    let distance = norm(&mut pairs.map(|(ours, plain)| ours - plain)) / norm(&mut params.iter().copied());
    ensure!(distance < BOUND, "{}: the parameters in C are {distance:e} away", W::NAME);
    let distance = f64::from((loss - plain_loss).abs() / (1.0 + loss.abs()));
    ensure!(distance < BOUND, "{}: the loss in C is {plain_loss}, here {loss}", W::NAME);
    Ok(())
}

/// The C program at work on one workload.
pub struct Plain {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    layers: Vec<Matrix>,
}

/// Where a layer's parameters are: its weights in C lie as `[output][input]`.
struct Matrix {
    inputs: usize,
    outputs: usize,
    biases: usize,
}

impl Plain {
    /// Compiles the program and gives it the workload, its weights and its samples.
    pub fn start<W: Workload>() -> Result<Self> {
        let folder = env::temp_dir().join(format!("tamis-plain-{}-{}", std::process::id(), W::NAME));
        fs::create_dir_all(&folder)?;
        let (program, file) = (folder.join("plain"), folder.join("workload"));
        compile(&program)?;
        fs::write(&file, bytes::<W>(&Training::scalar(0)?))?;
        let mut plain = Command::new(&program);
        let mut child = plain.arg(&file).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut plain = Self { child, stdin, stdout, layers: matrices::<W>() };
        plain.run(1)?; // it has read its file
        fs::remove_dir_all(folder)?;
        Ok(plain)
    }

    /// Trains anew from the initial weights: nanoseconds a step, and the loss of the last.
    pub fn run(&mut self, steps: u32) -> Result<(f64, f32)> {
        writeln!(self.stdin, "{steps}")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let (ns, loss) = line.trim().split_once(' ').context("the C program has ended")?;
        Ok((ns.parse()?, loss.parse()?))
    }

    /// The parameters after the last run, in the kernel's order.
    pub fn params(mut self) -> Result<Vec<f32>> {
        drop(self.stdin);
        let mut text = String::new();
        self.stdout.read_to_string(&mut text)?;
        ensure!(self.child.wait()?.success(), "the C program has failed");
        let params = text.lines().map(|line| Ok(line.parse()?)).collect::<Result<Vec<f32>>>()?;
        let mut rest = &params[..];
        let mut flat = Vec::new();
        for &Matrix { inputs, outputs, biases } in &self.layers {
            let (layer, after) =
                rest.split_at_checked(inputs * outputs + biases).context("too few parameters")?;
            let (w, b) = layer.split_at(inputs * outputs);
            flat.extend(transposed(w, inputs));
            flat.extend(b);
            rest = after;
        }
        Ok(flat)
    }
}

fn compile(program: &Path) -> Result<()> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/plain.c");
    let mut cc = Command::new(COMPILER[0]);
    cc.args(&COMPILER[1..]).arg(source).arg("-o").arg(program).arg("-lm");
    let output = cc.output().context("no C compiler")?;
    ensure!(
        output.status.success(),
        "plain.c does not compile:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn matrices<W: Workload>() -> Vec<Matrix> {
    let net = W::Net::default();
    let matrix =
        |layer: tamis::Layer| Matrix { inputs: layer.inputs, outputs: layer.outputs, biases: layer.biases() };
    net.layers().map(matrix).collect()
}

/// A matrix of rows of `width` numbers, its columns as rows.
fn transposed(matrix: &[f32], width: usize) -> impl Iterator<Item = f32> {
    (0..width).flat_map(move |column| matrix.iter().copied().skip(column).step_by(width))
}

/// The file that the C program reads; its head says what is in it.
fn bytes<W: Workload>(training: &Training<W, f32>) -> Vec<u8> {
    let net = W::Net::default();
    let (mut words, targets) =
        (Vec::new(), training.rows().map(|(_, target)| target.len()).max().unwrap_or(0));
    let is_softmax = !tamis::Loss::is_regression(&W::Loss::default());
    words.extend([net.layers().count(), is_softmax.into(), ROWS, targets].map(|count| count as u32));
    for layer in net.layers() {
        let activation = ["identity", "relu", "tanh"].iter().position(|&name| name == layer.activation);
        let activation = activation.unwrap_or_default();
        let counts = [layer.inputs, layer.outputs, activation, layer.has_bias.into()];
        words.extend(counts.map(|count| count as u32));
    }
    words.push(W::STEP_SIZE.to_bits());
    for layer in net.layers() {
        let params = &training.initial()[layer.offset..][..layer.params()];
        let (w, b) = params.split_at(layer.weights());
        words.extend(transposed(w, layer.outputs).chain(b.iter().copied()).map(f32::to_bits));
    }
    for (x, target) in training.rows() {
        words.extend(x.iter().chain(target).map(|number| number.to_bits()));
    }
    words.into_iter().flat_map(u32::to_ne_bytes).collect()
}
