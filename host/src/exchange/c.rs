//! A network as a header of plain C99, with its own forward function and without any library but `memcpy`.
//!
//! It computes what the kernel does, in the same order, with the kernel's own tanh and sigmoid: the bits are the same
//! wherever `float` is evaluated as `float` and products are not fused with sums. `c/` has the parts in C.

use std::fmt::Write;

use tamis::{AnyActivation, Network};

use super::digest;
use super::rust::lines;
use crate::select::encoder::Feature;
use crate::select::image::Image;

const DENSE: &str = include_str!("c/dense.h");
const RELU: &str = include_str!("c/relu.h");
const LEAKY_RELU: &str = include_str!("c/leaky_relu.h");
const EXPONENTIAL: &str = include_str!("c/exponential.h");
const TANH: &str = include_str!("c/tanh.h");
const SIGMOID: &str = include_str!("c/sigmoid.h");

/// The header.
pub fn write(image: &Image) -> String {
    let Image { encoder, layers, params } = image;
    let (inputs, outputs, digest) = (layers.inputs(), layers.outputs(), digest(params));
    let version = tamis::ARITHMETIC_VERSION;
    let widest = layers.layers().map(|layer| layer.outputs).max().unwrap_or(0).max(inputs);
    let numbers = lines(params.iter().copied().map(hex), "\t", 104);
    let (input_names, output_names) = (names(&encoder.inputs), names(&encoder.outputs));
    let ranges = rows(encoder.inputs.iter().map(|feature| feature.range));
    let scale = |features: &[Feature]| rows(features.iter().map(|feature| [feature.mean, feature.deviation]));
    let (input_scales, output_scales) = (scale(&encoder.inputs), scale(&encoder.outputs));
    let (functions, calls) = (functions(image), calls(image));
    let from = if layers.specs().len().is_multiple_of(2) { "a" } else { "b" };
    format!(
        "/*
 * The network {layers}, written by tamis: arithmetic version {version}, digest of the parameters {digest}.
 *
 * tamis_predict() gives the bits that the kernel of Tamis gives. Compile with -ffp-contract=off, since a fused
 * multiply-add rounds otherwise, without -ffast-math, and where FLT_EVAL_METHOD is 0 (not for the x87).
 */
#ifndef TAMIS_MODEL_H
#define TAMIS_MODEL_H

#include <stdint.h>
#include <string.h>

#define TAMIS_INPUTS {inputs}
#define TAMIS_OUTPUTS {outputs}
#define TAMIS_WIDEST {widest}
#define TAMIS_PARAMS {count}

/* Columns of the table, and their words, if they have words: the raw number is then 1 for the word and 0 for others. */
static const char *const tamis_input_names[TAMIS_INPUTS] = {{
{input_names}}};
static const char *const tamis_output_names[TAMIS_OUTPUTS] = {{
{output_names}}};

/* An input is cut to its range, then less its mean, by its deviation. */
static const float tamis_input_ranges[TAMIS_INPUTS][2] = {{
{ranges}}};
static const float tamis_input_scales[TAMIS_INPUTS][2] = {{
{input_scales}}};

/* An output is taken times its deviation, plus its mean. */
static const float tamis_output_scales[TAMIS_OUTPUTS][2] = {{
{output_scales}}};

/* Layer by layer the weights, input-major, then the biases. */
static const float tamis_params[TAMIS_PARAMS] = {{
{numbers}}};

{functions}
/* From raw numbers to raw numbers. */
static inline void tamis_predict(const float x[TAMIS_INPUTS], float y[TAMIS_OUTPUTS])
{{
	float a[TAMIS_WIDEST], b[TAMIS_WIDEST];
	int i;

	for (i = 0; i < TAMIS_INPUTS; i++) {{
		float cut = x[i] < tamis_input_ranges[i][0] ? tamis_input_ranges[i][0] : x[i];

		cut = cut > tamis_input_ranges[i][1] ? tamis_input_ranges[i][1] : cut;
		a[i] = (cut - tamis_input_scales[i][0]) / tamis_input_scales[i][1];
	}}
{calls}	for (i = 0; i < TAMIS_OUTPUTS; i++)
		y[i] = {from}[i] * tamis_output_scales[i][1] + tamis_output_scales[i][0];
}}

#endif
",
        count = params.len(),
    )
}

/// The functions that the layers call.
fn functions(image: &Image) -> String {
    let has = |activation| image.layers.specs().iter().any(|spec| spec.activation == activation);
    let (relu, leaky_relu) = (has(AnyActivation::Relu), has(AnyActivation::LeakyRelu));
    let (tanh, sigmoid) = (has(AnyActivation::Tanh), has(AnyActivation::Sigmoid));
    [
        (true, DENSE),
        (relu, RELU),
        (leaky_relu, LEAKY_RELU),
        (tanh || sigmoid, EXPONENTIAL),
        (tanh, TANH),
        (sigmoid, SIGMOID),
    ]
    .into_iter()
    .filter_map(|(is_used, part)| is_used.then_some(part))
    .collect::<Vec<_>>()
    .join("\n")
}

/// Layer by layer from one buffer to the other.
fn calls(image: &Image) -> String {
    let mut out = String::new();
    let (mut from, mut to) = ("a", "b");
    for layer in image.layers.layers() {
        let (inputs, outputs, w) = (layer.inputs, layer.outputs, layer.offset);
        let b = w + layer.weights();
        let b = if layer.has_bias { format!("tamis_params + {b}") } else { "0".to_owned() };
        let _ = writeln!(out, "\ttamis_dense({inputs}, {outputs}, tamis_params + {w}, {b}, {from}, {to});");
        if layer.activation != AnyActivation::Identity.name() {
            let function = layer.activation;
            let _ =
                writeln!(out, "\tfor (i = 0; i < {outputs}; i++)\n\t\t{to}[i] = tamis_{function}({to}[i]);");
        }
        (from, to) = (to, from);
    }
    out
}

fn names(features: &[Feature]) -> String {
    features.iter().map(|feature| format!("\t{},\n", literal(&feature.name()))).collect()
}

fn rows(pairs: impl Iterator<Item = [f32; 2]>) -> String {
    pairs.map(|[a, b]| format!("\t{{ {}, {} }},\n", hex(a), hex(b))).collect()
}

/// Text as a string of C; what is not plain is written in octal.
fn literal(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'?' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// A number as C99 writes it exactly, in hexadecimal.
fn hex(value: f32) -> String {
    const MANTISSA: u32 = (1 << 23) - 1;
    let bits = value.to_bits();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (exponent, mantissa) = ((bits >> 23 & 0xFF) as i32, (bits & MANTISSA) << 1);
    let (lead, exponent) = if exponent == 0 { (0, -126) } else { (1, exponent - 127) };
    match (lead, format!("{mantissa:06x}").trim_end_matches('0')) {
        (0, "") => format!("{sign}0.0f"),
        (lead, "") => format!("{sign}0x{lead}p{exponent}f"),
        (lead, digits) => format!("{sign}0x{lead}.{digits}p{exponent}f"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let smallest = f32::from_bits(1);
        let texts = [0.0, -0.0, 1.0, -1.5, 0.1, f32::MAX, f32::MIN_POSITIVE, -smallest].map(hex);
        let expected = [
            "0.0f",
            "-0.0f",
            "0x1p0f",
            "-0x1.8p0f",
            "0x1.99999ap-4f",
            "0x1.fffffep127f",
            "0x1p-126f",
            "-0x0.000002p-126f",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn names_are_strings_of_c() {
        assert_eq!(literal("a \"b\"\\??/\n\u{e9}7"), r#""a \"b\"\\\?\?/\012\303\2517""#);
    }
}
