//! What the tests share: a naive network in f64, the contract taken at its word, references of others, a bench for models,
//! flash memory that loses power, a device and the line to it, rows of numbers.
//!
//! It needs nothing but the kernel, as the tests in `tests/kernel` do; those with a host or a device are in `tests/tests`.

pub mod bench;
pub mod board;
pub mod flash;
pub mod literal;
pub mod oracle;
pub mod reference;
pub mod script;
pub mod stops;
pub mod trainings;

/// One sample.
#[derive(Clone, Debug)]
pub struct Row {
    /// Inputs.
    pub x: Vec<f32>,
    /// Targets.
    pub target: Vec<f32>,
}

/// `n` numbers in -1..1 that look random (a linear congruential generator, not the kernel's).
pub fn numbers(seed: u64, n: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x2545_F491_4F6C_DD1D);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    (0..8).for_each(|_| _ = next());
    (0..n).map(|_| next()).collect()
}

/// `n` samples of `inputs` and `outputs` numbers in -1..1.
pub fn rows(seed: u64, n: usize, inputs: usize, outputs: usize) -> Vec<Row> {
    let row = numbers(seed, n * (inputs + outputs));
    row.chunks(inputs + outputs)
        .map(|row| Row { x: row[..inputs].to_vec(), target: row[inputs..].to_vec() })
        .collect()
}

/// The same rows with targets that `loss` takes: probabilities, or the index of a class, from the numbers in -1..1.
pub fn with_targets_for(loss: &tamis::AnyLoss, rows: Vec<Row>) -> Vec<Row> {
    let target = |t: Vec<f32>| match loss {
        tamis::AnyLoss::BinaryCrossEntropy => t.iter().map(|t| (t + 1.0) / 2.0).collect(),
        tamis::AnyLoss::SoftmaxCrossEntropy => {
            vec![((t[0] + 1.0) / 2.0 * t.len() as f32).floor().min(t.len() as f32 - 1.0)]
        }
        _ => t,
    };
    rows.into_iter().map(|Row { x, target: t }| Row { x, target: target(t) }).collect()
}

/// The bits of every number: what "the same" means here.
pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// CRC-32 bit by bit, as ISO/IEC 13239 has it.
pub fn crc_32<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u32 {
    !bytes.into_iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}

/// |a - b| / |b|, over all numbers together.
pub fn relative_distance(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    let distance = square(&mut a.iter().zip(b).map(|(&a, &b)| f64::from(a) - b));
    (distance / square(&mut b.iter().copied())).sqrt()
}

/// The layers of a network that is known at run time, as [`oracle`] and [`literal`] have them.
pub fn specs_of(layers: &tamis::Layers) -> Vec<oracle::Spec> {
    let mut inputs = tamis::Network::inputs(layers);
    let spec = |spec: &tamis::LayerSpec| {
        let outputs = usize::from(spec.outputs);
        let function = match spec.activation {
            tamis::AnyActivation::Identity => oracle::Function::Identity,
            tamis::AnyActivation::Relu => oracle::Function::Relu,
            tamis::AnyActivation::LeakyRelu => oracle::Function::LeakyRelu,
            tamis::AnyActivation::Sigmoid => oracle::Function::Sigmoid,
            tamis::AnyActivation::Tanh => oracle::Function::Tanh,
        };
        let inputs = std::mem::replace(&mut inputs, outputs);
        oracle::Spec { inputs, outputs, has_bias: spec.has_bias, function }
    };
    layers.specs().iter().map(spec).collect()
}

/// A network as a type and, beside it, as a list for [`oracle::Oracle`]: `net!(5 7 Tanh Bias, 7 3 Identity
/// NoBias)`.
///
/// Gives the type with `net!(type ...)`, the list with `net!(list ...)`.
#[macro_export]
macro_rules! net {
    (type $i:literal $o:literal $f:ident $b:ident) => { tamis::Dense<$i, $o, tamis::$f, tamis::$b> };
    (type $i:literal $o:literal $f:ident $b:ident, $($rest:tt)+) => {
        tamis::Chain<$crate::net!(type $i $o $f $b), $crate::net!(type $($rest)+)>
    };
    (list $($i:literal $o:literal $f:ident $b:ident),+) => {
        [$($crate::oracle::Spec {
            inputs: $i,
            outputs: $o,
            has_bias: stringify!($b) == "Bias",
            function: $crate::oracle::Function::$f,
        }),+]
    };
}
