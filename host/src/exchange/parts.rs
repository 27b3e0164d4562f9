//! A network in parts, as files have it: a matrix and perhaps a vector for each layer.

use anyhow::{Context, Result, bail, ensure};
use tamis::layers::MAX_LAYERS;
use tamis::{AnyActivation, LayerSpec, Layers, Network};

use crate::select::image::Image;

/// Finite numbers under a name.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

impl Tensor {
    /// Little-endian `bytes` of f32, each of which is a number.
    pub fn from_bytes(name: &str, shape: Vec<usize>, bytes: &[u8]) -> Result<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        ensure!(rest.is_empty(), "tensor {name:?} ends within a number");
        Self::new(name, shape, words.iter().map(|&word| f32::from_le_bytes(word)).collect())
    }

    pub fn new(name: &str, shape: Vec<usize>, values: Vec<f32>) -> Result<Self> {
        let count = shape.iter().try_fold(1_usize, |count, &length| count.checked_mul(length));
        ensure!(
            count == Some(values.len()),
            "tensor {name:?} has {} numbers, which is not its shape {shape:?}",
            values.len()
        );
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            bail!("tensor {name:?} has {} at {:?}", values[place], index(place, &shape));
        }
        Ok(Self { name: name.to_owned(), shape, values })
    }

    /// As a matrix: rows and columns.
    pub fn matrix(&self) -> Result<[usize; 2]> {
        let shape = &self.shape;
        <[usize; 2]>::try_from(&shape[..]).ok().with_context(|| {
            format!(
                "tensor {:?} has the shape {shape:?}; the weights of a dense layer are a matrix",
                self.name
            )
        })
    }

    /// As a vector: all lengths but the last are 1.
    pub fn vector(self) -> Result<Vec<f32>> {
        let leading = self.shape.split_last().map_or(&[][..], |(_, leading)| leading);
        let is_vector = leading.iter().all(|&length| length == 1);
        ensure!(is_vector, "tensor {:?} has the shape {:?} and is no vector", self.name, self.shape);
        Ok(self.values)
    }
}

/// The place of a number in a tensor, one index a dimension.
fn index(place: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = place;
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&length| {
            let here = rest % length;
            rest /= length;
            here
        })
        .collect();
    index.reverse();
    index
}

/// One layer.
#[derive(Clone, Debug)]
pub struct Part {
    /// What errors call it.
    pub name: String,
    pub inputs: usize,
    pub outputs: usize,
    /// Input-major.
    pub weights: Vec<f32>,
    pub biases: Option<Vec<f32>>,
    pub activation: AnyActivation,
}

impl Part {
    /// From weights `[out][in]` or, if they are `input_major`, `[in][out]`.
    pub fn new(weights: &Tensor, input_major: bool) -> Result<Self> {
        let [rows, columns] = weights.matrix()?;
        let (inputs, outputs) = if input_major { (rows, columns) } else { (columns, rows) };
        let values = &weights.values;
        Ok(Self {
            name: weights.name.clone(),
            inputs,
            outputs,
            weights: if input_major { values.clone() } else { transposed(values, columns) },
            biases: None,
            activation: AnyActivation::Identity,
        })
    }

    /// With a bias for each output.
    pub fn set_biases(&mut self, biases: Tensor) -> Result<()> {
        let name = biases.name.clone();
        let biases = biases.vector()?;
        ensure!(
            biases.len() == self.outputs,
            "{name:?} has {} numbers, {:?} has {} outputs",
            biases.len(),
            self.name,
            self.outputs
        );
        self.biases = Some(biases);
        Ok(())
    }

    /// The weights as `[out][in]`.
    pub fn output_major(&self) -> Vec<f32> {
        transposed(&self.weights, self.outputs)
    }
}

/// The columns of a matrix with so many of them, one after the other.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns)).copied().collect()
}

/// The parts of a network.
pub fn apart(image: &Image) -> Vec<Part> {
    let layers = image.layers.layers().zip(image.layers.specs()).enumerate();
    let part = layers.map(|(index, (layer, spec))| {
        let params = &image.params[layer.offset..layer.offset + layer.params()];
        let (weights, biases) = params.split_at(layer.weights());
        Part {
            name: format!("layers.{index}"),
            inputs: layer.inputs,
            outputs: layer.outputs,
            weights: weights.to_vec(),
            biases: layer.has_bias.then(|| biases.to_vec()),
            activation: spec.activation,
        }
    });
    part.collect()
}

/// A network of its parts, and its parameters.
pub fn together(parts: &[Part]) -> Result<(Layers, Vec<f32>)> {
    ensure!(
        parts.len() <= MAX_LAYERS,
        "there are {} layers; a network has at most {MAX_LAYERS}",
        parts.len()
    );
    for pair in parts.windows(2) {
        let [before, after] = pair else { continue };
        ensure!(
            before.outputs == after.inputs,
            "{:?} has {} outputs, and {:?}, which comes next, {} inputs",
            before.name,
            before.outputs,
            after.name,
            after.inputs
        );
    }
    let width = |part: &Part, width: usize, what: &str| {
        u16::try_from(width)
            .with_context(|| format!("{:?} has {width} {what}; at most {} fit", part.name, u16::MAX))
    };
    let inputs = parts.first().map_or(Ok(0), |part| width(part, part.inputs, "inputs"))?;
    let spec = |part: &Part| {
        let outputs = width(part, part.outputs, "outputs")?;
        Ok(LayerSpec { outputs, activation: part.activation, has_bias: part.biases.is_some() })
    };
    let specs = parts.iter().map(spec).collect::<Result<Vec<_>>>()?;
    let params = parts.iter().flat_map(|part| part.weights.iter().chain(part.biases.iter().flatten()));
    Ok((Layers::new(inputs, &specs)?, params.copied().collect()))
}
