//! The way in: from the graph's input, node by node, to its output.

use std::collections::HashMap;
use std::fmt;

use anyhow::{Context, Result, anyhow, bail, ensure};
use prost::Message;
use tamis::AnyActivation;

use super::messages::{self, Attribute, EXTERNAL, FLOAT, Graph, Model, Node, TYPES};
use crate::exchange::parts::{Part, Tensor, together};
use crate::exchange::{Imported, KEY, Meta, checked, plain};
use crate::select::encoder::{Encoder, Feature};
use crate::select::image::Image;

/// Gemm and Add as they are still defined.
const OLDEST: i64 = 7;

/// The network in a file.
pub fn read(bytes: &[u8]) -> Result<Imported> {
    let model = Model::decode(bytes).map_err(|error| anyhow!("this is no whole ONNX file: {error}"))?;
    let graph = model.graph.as_ref().context("this is no whole ONNX file: it has no graph")?;
    let opset = model.opset_import.iter().find(|opset| matches!(opset.domain.as_str(), "" | "ai.onnx"));
    let version = opset.context("this is no whole ONNX file: it does not tell its opset")?.version;
    ensure!(version >= OLDEST, "its opset is {version}; from {OLDEST} on they are read");
    let chain = Chain::along(graph)?;
    let (layers, params) = together(&chain.parts)?;
    let mut encoder = plain(tamis::Network::inputs(&layers), tamis::Network::outputs(&layers));
    chain.scale(&mut encoder)?;
    let mut notes = Vec::new();
    if let Some(entry) = model.metadata.iter().find(|entry| entry.key == KEY) {
        let meta = Meta::read(&entry.value)?;
        encoder = named(encoder, meta.encoder.clone())?;
        notes = meta.notes(&params)?;
    }
    if chain.ends_in_softmax {
        notes.push("the last Softmax is left out: the outputs are its logits".to_owned());
    }
    let image = checked(Image { encoder, layers, params })?;
    Ok(Imported { image, ended_in_softmax: chain.ends_in_softmax, notes })
}

/// The encoder of the metadata, which has the names, if its numbers are those of the nodes.
fn named(nodes: Encoder, meta: Encoder) -> Result<Encoder> {
    let input = |feature: &Feature| (feature.range, feature.mean, feature.deviation);
    let output = |feature: &Feature| (feature.mean, feature.deviation);
    let is_same = nodes.inputs.iter().map(input).eq(meta.inputs.iter().map(input))
        && nodes.outputs.iter().map(output).eq(meta.outputs.iter().map(output));
    ensure!(is_same, "the metadata {KEY:?} tell of another scaling than the nodes of the graph do");
    Ok(meta)
}

/// What has been read of the chain.
#[derive(Default)]
struct Chain<'a> {
    constants: HashMap<&'a str, (&'a str, &'a messages::Tensor)>,
    /// The value that the next node must take.
    current: &'a str,
    /// Numbers of nodes in front: Max, Min, Sub, Div.
    front: [Option<Vec<f32>>; 4],
    parts: Vec<Part>,
    /// Whether the last layer may still get its biases, from an Add.
    is_open: bool,
    /// Whether the last layer may still get its activation.
    is_linear: bool,
    /// Numbers of nodes behind: Mul, Add.
    behind: [Option<Vec<f32>>; 2],
    ends_in_softmax: bool,
}

impl<'a> Chain<'a> {
    fn along(graph: &'a Graph) -> Result<Self> {
        let mut chain = Self::default();
        for tensor in &graph.initializers {
            chain.constants.insert(&tensor.name, (&tensor.name, tensor));
        }
        let inputs = graph.inputs.iter().map(|input| input.name.as_str());
        let inputs: Vec<_> = inputs.filter(|name| !chain.constants.contains_key(name)).collect();
        let [input] = inputs[..] else { bail!("the graph has {} inputs, and one is read", inputs.len()) };
        chain.current = input;
        for (index, node) in graph.nodes.iter().enumerate() {
            let place = Place { index, node };
            chain.node(node).with_context(|| place.to_string())?;
        }
        let [output] = &graph.outputs[..] else {
            bail!("the graph has {} outputs, and one is read", graph.outputs.len())
        };
        ensure!(
            chain.current == output.name,
            "the graph gives {:?}, but its chain of nodes ends in {:?}",
            output.name,
            chain.current
        );
        Ok(chain)
    }

    fn node(&mut self, node: &'a Node) -> Result<()> {
        let is_known = matches!(node.domain.as_str(), "" | "ai.onnx");
        let operator = if is_known { node.operator.as_str() } else { "" };
        let output = node.outputs.first().map_or("", |output| output.as_str());
        if operator == "Constant" {
            let value = node.attributes.iter().find_map(|attribute| attribute.tensor.as_ref());
            self.constants
                .insert(output, (output, value.context("only constants that are tensors are read")?));
            return Ok(());
        }
        if operator == "Identity"
            && let Some(&constant) = node.inputs.first().and_then(|input| self.constants.get(input.as_str()))
        {
            self.constants.insert(output, constant);
            return Ok(());
        }
        match operator {
            "Identity" => self.takes(node, 0)?,
            "Flatten" => {
                self.takes(node, 0)?;
                ensure!(int(node, "axis", 1) == 1, "only an axis of 1 is read");
            }
            "Cast" => {
                self.takes(node, 0)?;
                ensure!(int(node, "to", 0) == i64::from(FLOAT), "only a cast to FLOAT is read");
            }
            "Gemm" => self.gemm(node)?,
            "MatMul" => self.matmul(node)?,
            "Add" => self.add(node)?,
            "Max" => self.in_front(node, 0)?,
            "Min" => self.in_front(node, 1)?,
            "Sub" => self.in_front(node, 2)?,
            "Div" => self.in_front(node, 3)?,
            "Mul" => {
                let numbers = self.other(node)?;
                self.behind(0, numbers)?;
            }
            "Relu" => self.activate(node, AnyActivation::Relu)?,
            "LeakyRelu" => {
                let slope = float(node, "alpha", 0.01);
                ensure!(slope == 0.01, "its slope is {slope}; the kernel has 0.01");
                self.activate(node, AnyActivation::LeakyRelu)?;
            }
            "Tanh" => self.activate(node, AnyActivation::Tanh)?,
            "Sigmoid" => self.activate(node, AnyActivation::Sigmoid)?,
            "Softmax" => {
                self.takes(node, 0)?;
                ensure!(
                    self.is_linear && matches!(int(node, "axis", -1), -1 | 1),
                    "only the softmax of a row is read"
                );
                (self.is_linear, self.ends_in_softmax) = (false, true);
            }
            _ => bail!(
                "this operator is not read; a chain of dense layers has Gemm or MatMul and Add, Relu, LeakyRelu, Tanh, \
                 Sigmoid, Identity, Flatten, Cast and at the end Softmax"
            ),
        }
        self.current = output;
        Ok(())
    }

    /// An error unless the input at `place` is what the node before gave.
    fn takes(&self, node: &Node, place: usize) -> Result<()> {
        let input = node.inputs.get(place).map_or("", |input| input.as_str());
        ensure!(
            input == self.current,
            "it takes {input:?}, and not {:?}, the output of the node before",
            self.current
        );
        Ok(())
    }

    fn constant(&self, node: &Node, place: usize) -> Result<Tensor> {
        let input = node.inputs.get(place).map_or("", |input| input.as_str());
        let &(name, tensor) = self
            .constants
            .get(input)
            .with_context(|| format!("input {input:?} is no constant of the file"))?;
        ensure!(
            tensor.data_location != EXTERNAL,
            "tensor {name:?} is in another file; save the model in one file"
        );
        let kind = tensor.data_type;
        let type_name = || TYPES.get(kind as usize).map_or(format!("{kind}"), |&name| name.to_owned());
        ensure!(kind == FLOAT, "tensor {name:?} is of type {}, and only FLOAT is read", type_name());
        let shape = tensor.dims.iter().map(|&length| usize::try_from(length)).collect::<Result<Vec<_>, _>>();
        let shape = shape.with_context(|| format!("tensor {name:?} has a length below zero"))?;
        match tensor.raw.is_empty() {
            true => Tensor::new(name, shape, tensor.floats.clone()),
            false => Tensor::from_bytes(name, shape, &tensor.raw),
        }
    }

    fn gemm(&mut self, node: &Node) -> Result<()> {
        self.takes(node, 0)?;
        for (name, factor) in [("alpha", float(node, "alpha", 1.0)), ("beta", float(node, "beta", 1.0))] {
            ensure!(factor == 1.0, "its {name} is {factor}, and only 1 is read");
        }
        ensure!(int(node, "transA", 0) == 0, "its transA is not 0: inputs must be rows");
        let is_transposed = int(node, "transB", 0) != 0;
        let mut part = Part::new(&self.constant(node, 1)?, !is_transposed)?;
        if node.inputs.get(2).is_some_and(|input| !input.is_empty()) {
            part.set_biases(self.constant(node, 2)?)?;
        }
        self.push(part, false)
    }

    fn matmul(&mut self, node: &Node) -> Result<()> {
        self.takes(node, 0)?;
        let part = Part::new(&self.constant(node, 1)?, true)?;
        self.push(part, true)
    }

    fn push(&mut self, part: Part, is_open: bool) -> Result<()> {
        let is_over = self.ends_in_softmax || self.behind.iter().any(Option::is_some);
        ensure!(!is_over, "a layer comes after the outputs were scaled");
        (self.is_open, self.is_linear) = (is_open, true);
        self.parts.push(part);
        Ok(())
    }

    /// The constant that a node has beside the current value.
    fn other(&self, node: &Node) -> Result<Tensor> {
        ensure!(node.inputs.len() == 2, "it has {} inputs, and two are read", node.inputs.len());
        let place = usize::from(node.inputs[0] == self.current);
        self.takes(node, 1 - place)?;
        self.constant(node, place)
    }

    fn add(&mut self, node: &Node) -> Result<()> {
        let numbers = self.other(node)?;
        match self.parts.last_mut() {
            Some(part) if self.is_open => {
                self.is_open = false;
                part.set_biases(numbers)
            }
            _ => self.behind(1, numbers),
        }
    }

    fn activate(&mut self, node: &Node, activation: AnyActivation) -> Result<()> {
        self.takes(node, 0)?;
        let is_scaled = self.behind.iter().any(Option::is_some);
        match self.parts.last_mut() {
            Some(part) if self.is_linear && !is_scaled => part.activation = activation,
            _ => bail!("an activation must come after a dense layer"),
        }
        (self.is_open, self.is_linear) = (false, false);
        Ok(())
    }

    /// One of the nodes that scale the inputs; they come in a fixed order.
    fn in_front(&mut self, node: &Node, place: usize) -> Result<()> {
        self.takes(node, 0)?;
        let numbers = self.other(node)?;
        let is_next = self.front[place..].iter().all(Option::is_none) && self.parts.is_empty();
        ensure!(is_next, "inputs are scaled by Max, Min, Sub, Div, in this order, before the first layer");
        self.front[place] = Some(numbers.vector()?);
        Ok(())
    }

    /// One of the nodes that scale the outputs.
    fn behind(&mut self, place: usize, numbers: Tensor) -> Result<()> {
        let is_next = self.behind[place..].iter().all(Option::is_none);
        ensure!(
            is_next && !self.parts.is_empty() && !self.ends_in_softmax,
            "outputs are scaled by Mul, Add, in this order, after the last layer"
        );
        self.behind[place] = Some(numbers.vector()?);
        self.is_open = false;
        Ok(())
    }

    /// Puts the numbers of the nodes into the encoder.
    fn scale(&self, encoder: &mut Encoder) -> Result<()> {
        let [least, most, mean, deviation] = &self.front;
        set(&mut encoder.inputs, least, |feature| &mut feature.range[0])?;
        set(&mut encoder.inputs, most, |feature| &mut feature.range[1])?;
        set(&mut encoder.inputs, mean, |feature| &mut feature.mean)?;
        set(&mut encoder.inputs, deviation, |feature| &mut feature.deviation)?;
        let [deviation, mean] = &self.behind;
        set(&mut encoder.outputs, deviation, |feature| &mut feature.deviation)?;
        set(&mut encoder.outputs, mean, |feature| &mut feature.mean)
    }
}

/// Sets one number of each feature, all to the same if there is but one.
fn set(features: &mut [Feature], numbers: &Option<Vec<f32>>, of: fn(&mut Feature) -> &mut f32) -> Result<()> {
    let Some(numbers) = numbers else { return Ok(()) };
    let (given, needed) = (numbers.len(), features.len());
    ensure!(given == 1 || given == needed, "a node scales {given} numbers where the network has {needed}");
    let numbers = numbers.iter().cycle();
    features.iter_mut().zip(numbers).for_each(|(feature, &number)| *of(feature) = number);
    Ok(())
}

fn attribute<'a>(node: &'a Node, name: &str) -> Option<&'a Attribute> {
    node.attributes.iter().find(|attribute| attribute.name == name)
}

fn int(node: &Node, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.int)
}

fn float(node: &Node, name: &str, default: f32) -> f32 {
    attribute(node, name).map_or(default, |attribute| attribute.float)
}

/// What errors call a node.
struct Place<'a> {
    index: usize,
    node: &'a Node,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Node { name, operator, domain, .. } = self.node;
        let dot = if domain.is_empty() { "" } else { "." };
        match name.as_str() {
            "" => write!(f, "node {} ({domain}{dot}{operator})", self.index),
            name => write!(f, "node {name:?} ({domain}{dot}{operator})"),
        }
    }
}
