//! The published start: the paper's data and its initial weights, as safetensors.
//!
//! `tests/reference/synthetic-seed0.safetensors` holds what the paper's notebooks draw with seed 0 (PyTorch's weights,
//! NumPy's data), rows of a matrix being outputs. The training set is mirrored: `[x, f + s noise]`, then
//! `[x, f - s noise]`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use safetensors::{Dtype, SafeTensors};
use tamis::Seed;
use tamis_speed::course::Start;

use super::{INPUTS, Synthetic, WIDTHS};

const BYTES: &[u8] = include_bytes!("../../../../tests/reference/synthetic-seed0.safetensors");

/// How many samples the set has before it is mirrored.
const ROWS: usize = 5000;

/// The published start of one target.
#[derive(Clone, Debug)]
pub struct Published {
    /// The initial weights in the kernel's order: layer by layer, rows of a matrix being inputs.
    params: Vec<f32>,
    /// The inputs of all samples.
    x: Vec<f32>,
    /// Their targets without noise.
    clean: Vec<f32>,
    /// Standard normal numbers.
    noise: Vec<f32>,
}

impl Published {
    /// The one that is compiled in.
    pub fn embedded(target: Synthetic) -> Result<Self> {
        let file = File::of(BYTES, "synthetic-seed0.safetensors".to_owned())?;
        Self::of(target, &file, &file)
    }

    /// Weights from `init`, samples from `data`, which may be one file.
    pub fn read(target: Synthetic, init: &Path, data: &Path) -> Result<Self> {
        let bytes =
            |path: &Path| fs::read(path).with_context(|| format!("{} cannot be read", path.display()));
        let (weights, samples) = (bytes(init)?, bytes(data)?);
        let weights = File::of(&weights, init.display().to_string())?;
        let samples = File::of(&samples, data.display().to_string())?;
        Self::of(target, &weights, &samples)
    }

    fn of(target: Synthetic, init: &File<'_>, data: &File<'_>) -> Result<Self> {
        let mut params = Vec::new();
        for (layer, widths) in WIDTHS.windows(2).enumerate() {
            let (inputs, outputs) = (widths[0], widths[1]);
            let matrix = init.numbers(&format!("w{}", layer + 1), &[outputs, inputs])?;
            params.extend((0..inputs).flat_map(|i| matrix.iter().skip(i).step_by(inputs)));
        }
        Ok(Self {
            params,
            x: data.numbers("x", &[ROWS, INPUTS])?,
            clean: data.numbers(target.name(), &[ROWS])?,
            noise: data.numbers("noise", &[ROWS])?,
        })
    }

    /// As the start of a training whose order `seed` decides, on samples with so much noise.
    pub fn start(&self, seed: u64, deviation: f32) -> Start {
        let mut rows = Vec::with_capacity(2 * ROWS * (INPUTS + 1));
        for sign in [1.0, -1.0] {
            for ((x, f), n) in self.x.chunks(INPUTS).zip(&self.clean).zip(&self.noise) {
                rows.extend(x);
                rows.push(f + sign * (deviation * n));
            }
        }
        Start { params: self.params.clone(), rows, seed: Seed(seed) }
    }
}

/// A file of tensors, and its name for complaints.
struct File<'a> {
    tensors: SafeTensors<'a>,
    name: String,
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8], name: String) -> Result<Self> {
        let tensors = SafeTensors::deserialize(bytes);
        let tensors =
            tensors.map_err(|error| anyhow::anyhow!("{name} is not a safetensors file: {error}"))?;
        Ok(Self { tensors, name })
    }

    /// The numbers of a tensor of this shape.
    fn numbers(&self, tensor: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let view = self.tensors.tensor(tensor);
        let view = view.ok().with_context(|| format!("{} has no tensor {tensor}", self.name))?;
        let found = view.shape();
        ensure!(found == shape, "{}: {tensor} has the shape {found:?}, not {shape:?}", self.name);
        ensure!(view.dtype() == Dtype::F32, "{}: {tensor} is of {:?}, not of F32", self.name, view.dtype());
        let numbers: Vec<f32> =
            view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let broken = numbers.iter().position(|number| !number.is_finite());
        if let Some(place) = broken {
            anyhow::bail!("{}: number {place} of {tensor} is not finite", self.name);
        }
        Ok(numbers)
    }
}
