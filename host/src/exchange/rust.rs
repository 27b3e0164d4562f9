//! A network as a Rust module for the kernel: a type, its parameters as a constant, and a function that predicts.
//!
//! The parameters stay in flash: a prediction needs scratch for the units and nothing else. Every number is written with
//! as many digits as bring its bits back.

use std::fmt::Write;

use tamis::{AnyActivation, Network};

use super::digest;
use crate::select::encoder::Feature;
use crate::select::image::Image;

/// Where a line of numbers ends.
const WIDTH: usize = 110;

/// The module.
pub fn write(image: &Image) -> String {
    let Image { encoder, layers, params } = image;
    let (inputs, outputs, digest) = (layers.inputs(), layers.outputs(), digest(params));
    let version = tamis::ARITHMETIC_VERSION;
    let (uses, net) = (uses(image), net(image));
    let (features, targets) = (scales("Input", &encoder.inputs), scales("Output", &encoder.outputs));
    let numbers = lines(params.iter().map(|param| format!("{param:?}")), "    ", WIDTH);
    format!(
        "//! The network {layers}, written by `tamis`: arithmetic version {version}, digest of the parameters {digest}.
//!
//! To train it further on the device, start a `tamis::Model` on a copy of [`PARAMS`]; it takes and gives encoded numbers.

use tamis::{{{uses}}};

/// Its shape.
pub type Net = {net};

/// All parameters: layer by layer the weights, input-major, then the biases.
#[allow(clippy::approx_constant)]
pub const PARAMS: [f32; Net::PARAMS] = [
{numbers}];

/// How a raw number becomes one that the network takes.
#[derive(Clone, Copy, Debug)]
pub struct Input {{
    /// The column of the table, and its word, if it has words: the raw number is then 1 for it and 0 for others.
    pub name: &'static str,
    /// Numbers below are cut to it,
    pub least: f32,
    /// and numbers above to this.
    pub most: f32,
    /// This is taken away,
    pub mean: f32,
    /// and what is left divided by this.
    pub deviation: f32,
}}

impl Input {{
    /// What the network takes for `raw`.
    pub fn encode(&self, raw: f32) -> f32 {{
        let cut = if raw < self.least {{ self.least }} else {{ raw }};
        let cut = if cut > self.most {{ self.most }} else {{ cut }};
        (cut - self.mean) / self.deviation
    }}
}}

/// How a number that the network gives becomes a raw one.
#[derive(Clone, Copy, Debug)]
pub struct Output {{
    /// The column of the table, and its word, if it has words.
    pub name: &'static str,
    /// This is added
    pub mean: f32,
    /// to so many times the number.
    pub deviation: f32,
}}

impl Output {{
    /// What `number` of the network stands for.
    pub fn decode(&self, number: f32) -> f32 {{
        number * self.deviation + self.mean
    }}
}}

/// What goes in.
#[allow(clippy::approx_constant)]
pub const INPUTS: [Input; {inputs}] = [
{features}];

/// What comes out.
#[allow(clippy::approx_constant)]
pub const OUTPUTS: [Output; {outputs}] = [
{targets}];

/// From raw numbers to raw numbers; `units` is scratch.
pub fn predict(x: &[f32; {inputs}], units: &mut [f32; Net::UNITS]) -> [f32; {outputs}] {{
    let mut encoded = *x;
    for (x, input) in encoded.iter_mut().zip(&INPUTS) {{
        *x = input.encode(*x);
    }}
    Net::default().forward(&PARAMS, &encoded, units);
    let mut y = [0.0; {outputs}];
    for ((y, &unit), output) in y.iter_mut().zip(units.iter().skip(Net::UNITS - {outputs})).zip(&OUTPUTS) {{
        *y = output.decode(unit);
    }}
    y
}}
"
    )
}

/// What the module takes from the kernel, in order.
fn uses(image: &Image) -> String {
    let mut names = vec!["Dense", "Network", "Shape"];
    let specs = image.layers.specs();
    names.extend((specs.len() > 1).then_some("Chain"));
    names.extend(specs.iter().any(|spec| !spec.has_bias).then_some("NoBias"));
    names.extend(specs.iter().map(|spec| type_name(spec.activation)));
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// The network as a type: `Chain<Dense<3, 5, Tanh>, Dense<5, 1, Identity>>`.
fn net(image: &Image) -> String {
    let layers = image.layers.layers().zip(image.layers.specs()).map(|(layer, spec)| {
        let bias = if layer.has_bias { "" } else { ", NoBias" };
        format!("Dense<{}, {}, {}{bias}>", layer.inputs, layer.outputs, type_name(spec.activation))
    });
    let layers: Vec<_> = layers.collect();
    let (last, before) = layers.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    before.iter().rev().fold(last.to_owned(), |rest, layer| format!("Chain<{layer}, {rest}>"))
}

fn type_name(activation: AnyActivation) -> &'static str {
    match activation {
        AnyActivation::Identity => "Identity",
        AnyActivation::Relu => "Relu",
        AnyActivation::LeakyRelu => "LeakyRelu",
        AnyActivation::Sigmoid => "Sigmoid",
        AnyActivation::Tanh => "Tanh",
    }
}

fn scales(kind: &str, features: &[Feature]) -> String {
    let mut out = String::new();
    for feature in features {
        let Feature { range: [least, most], mean, deviation, .. } = *feature;
        let name = feature.name();
        let range =
            if kind == "Input" { format!("least: {least:?}, most: {most:?}, ") } else { String::new() };
        let _ = writeln!(
            out,
            "    {kind} {{ name: {name:?}, {range}mean: {mean:?}, deviation: {deviation:?} }},"
        );
    }
    out
}

/// Numbers with commas, in lines of at most `width`.
pub(super) fn lines(numbers: impl Iterator<Item = String>, indent: &str, width: usize) -> String {
    let (mut out, mut line) = (String::new(), String::new());
    for number in numbers {
        if !line.is_empty() && indent.len() + line.len() + number.len() + 2 > width {
            let _ = writeln!(out, "{indent}{}", line.trim_end());
            line.clear();
        }
        line += &number;
        line += ", ";
    }
    if !line.is_empty() {
        let _ = writeln!(out, "{indent}{}", line.trim_end());
    }
    out
}
