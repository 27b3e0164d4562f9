//! Vectors of PyTorch, which keeps weights as `[out][in]`; the kernel's are input-major.

use serde_json::Value;

use crate::Row;

/// A list of numbers.
pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// In f32.
pub fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// The tensors of a network with `widths`, in the kernel's order.
pub fn flat(tensors: &Value, widths: &[usize]) -> Vec<f64> {
    let mut flat = Vec::new();
    for (layer, width) in widths.windows(2).enumerate() {
        let weights = numbers(&tensors[format!("{}.weight", 2 * layer)]);
        assert_eq!(weights.len(), width[0] * width[1]);
        for input in 0..width[0] {
            flat.extend(weights.chunks(width[0]).map(|of_output| of_output[input]));
        }
        if let Some(biases) = tensors.get(format!("{}.bias", 2 * layer)) {
            flat.extend(numbers(biases));
        }
    }
    flat
}

/// Rows with these inputs and targets.
pub fn rows(inputs: &Value, targets: &Value) -> Vec<Row> {
    let vectors = |value: &Value| -> Vec<_> {
        value.as_array().unwrap().iter().map(|row| narrow(&numbers(row))).collect()
    };
    let pairs = vectors(inputs).into_iter().zip(vectors(targets));
    pairs.map(|(x, target)| Row { x, target }).collect()
}
