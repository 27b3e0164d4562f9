//! The way out.

use anyhow::Result;
use prost::Message;
use tamis::{AnyActivation, Network};

use super::messages::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, Attribute, Dimension, Entry, FLOAT, Graph, Model, Node, Opset, Tensor,
    TensorShape, TensorType, Type, Value,
};
use crate::exchange::parts::{Part, apart};
use crate::exchange::{KEY, Meta};
use crate::select::encoder::Feature;
use crate::select::image::Image;

const IR_VERSION: i64 = 7;
const OPSET: i64 = 13;

/// The file.
pub fn write(image: &Image) -> Result<Vec<u8>> {
    let mut graph = Graph { name: image.layers.to_string(), ..Graph::default() };
    let (inputs, outputs) = (&image.encoder.inputs, &image.encoder.outputs);
    let mut chain = Chain { graph: &mut graph, current: "x".to_owned() };
    chain.scale("Max", "least", inputs, f32::MIN, |input| input.range[0]);
    chain.scale("Min", "most", inputs, f32::MAX, |input| input.range[1]);
    chain.scale("Sub", "mean", inputs, 0.0, |input| input.mean);
    chain.scale("Div", "deviation", inputs, 1.0, |input| input.deviation);
    apart(image).iter().for_each(|part| chain.layer(part));
    chain.scale("Mul", "output_deviation", outputs, 1.0, |output| output.deviation);
    chain.scale("Add", "output_mean", outputs, 0.0, |output| output.mean);
    let end = chain.current;
    graph.inputs = vec![value("x", image.layers.inputs())];
    graph.outputs = vec![value(&end, image.layers.outputs())];
    let metadata = vec![Entry { key: KEY.to_owned(), value: serde_json::to_string(&Meta::of(image))? }];
    let metadata = Model { metadata, ..Model::default() };
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "tamis".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(graph),
        opset_import: vec![Opset { domain: String::new(), version: OPSET }],
        metadata: Vec::new(),
    };
    // Two parts are one message. The opset is last, so that a file that ends too early has none.
    Ok([metadata.encode_to_vec(), model.encode_to_vec()].concat())
}

/// A graph, and the value that the next node takes.
struct Chain<'a> {
    graph: &'a mut Graph,
    current: String,
}

impl Chain<'_> {
    /// A node on the current value and on further tensors; its value is named like itself.
    fn node(&mut self, name: &str, operator: &str, tensors: Vec<Tensor>, attributes: Vec<Attribute>) {
        let before = std::mem::replace(&mut self.current, name.to_owned());
        let names = tensors.iter().map(|tensor| tensor.name.clone());
        self.graph.nodes.push(Node {
            inputs: std::iter::once(before).chain(names).collect(),
            outputs: vec![name.to_owned()],
            name: name.to_owned(),
            operator: operator.to_owned(),
            attributes,
            domain: String::new(),
        });
        self.graph.initializers.extend(tensors);
    }

    /// A node that scales each feature, unless it changes none.
    fn scale(
        &mut self,
        operator: &str,
        name: &str,
        features: &[Feature],
        neutral: f32,
        of: fn(&Feature) -> f32,
    ) {
        let numbers: Vec<f32> = features.iter().map(of).collect();
        if numbers.iter().any(|&number| number != neutral) {
            let tensor = tensor(name, &[numbers.len()], &numbers);
            self.node(&format!("{name}.{operator}"), operator, vec![tensor], Vec::new());
        }
    }

    fn layer(&mut self, part: &Part) {
        let name = &part.name;
        let weights = tensor(&format!("{name}.weight"), &[part.outputs, part.inputs], &part.output_major());
        let biases =
            part.biases.iter().map(|biases| tensor(&format!("{name}.bias"), &[part.outputs], biases));
        let transposed =
            Attribute { name: "transB".to_owned(), int: 1, kind: ATTRIBUTE_INT, ..Attribute::default() };
        let tensors = std::iter::once(weights).chain(biases).collect();
        self.node(&format!("{name}.Gemm"), "Gemm", tensors, vec![transposed]);
        let slope = || Attribute {
            name: "alpha".to_owned(),
            float: 0.01,
            kind: ATTRIBUTE_FLOAT,
            ..Attribute::default()
        };
        let (operator, attributes) = match part.activation {
            AnyActivation::Identity => return,
            AnyActivation::Relu => ("Relu", Vec::new()),
            AnyActivation::LeakyRelu => ("LeakyRelu", vec![slope()]),
            AnyActivation::Sigmoid => ("Sigmoid", Vec::new()),
            AnyActivation::Tanh => ("Tanh", Vec::new()),
        };
        self.node(&format!("{name}.{operator}"), operator, Vec::new(), attributes);
    }
}

fn tensor(name: &str, shape: &[usize], values: &[f32]) -> Tensor {
    Tensor {
        dims: shape.iter().map(|&length| length as i64).collect(),
        data_type: FLOAT,
        name: name.to_owned(),
        raw: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..Tensor::default()
    }
}

/// So many numbers for each of any number of rows.
fn value(name: &str, width: usize) -> Value {
    let rows = Dimension { name: Some("rows".to_owned()), length: None };
    let numbers = Dimension { name: None, length: Some(width as i64) };
    let shape = TensorShape { dims: vec![rows, numbers] };
    let kind = Type { tensor: Some(TensorType { element: FLOAT, shape: Some(shape) }) };
    Value { name: name.to_owned(), kind: Some(kind) }
}
