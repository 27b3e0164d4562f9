//! Networks as safetensors, with the names and shapes of a PyTorch `state_dict`: `N.weight` `[out][in]`, `N.bias`.
//!
//! Out: `layers.0.weight` and so on; metadata under "tamis" tell activations and encoder. In: any names that end so,
//! layers in natural order of what stands before the end (`fc2` before `fc10`).

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail, ensure};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tamis::AnyActivation;

use super::parts::{Part, Tensor, apart, together};
use super::{Hints, Imported, KEY, Meta, Usage, checked, plain};
use crate::select::image::Image;

/// The file.
pub fn write(image: &Image) -> Result<Vec<u8>> {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let mut tensors = Vec::new();
    for part in apart(image) {
        let shape = vec![part.outputs, part.inputs];
        tensors.push((format!("{}.weight", part.name), shape, bytes(&part.output_major())));
        if let Some(biases) = &part.biases {
            tensors.push((format!("{}.bias", part.name), vec![part.outputs], bytes(biases)));
        }
    }
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)));
    let views = views.collect::<Result<Vec<_>>>()?;
    let meta = serde_json::to_string(&Meta::of(image))?;
    Ok(safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), meta)])))?)
}

/// The network in a file.
pub fn read(bytes: &[u8], hints: Hints) -> Result<Imported> {
    const DAMAGED: &str = "this is no whole safetensors file";
    let (_, header) = SafeTensors::read_metadata(bytes).context(DAMAGED)?;
    let file = SafeTensors::deserialize(bytes).context(DAMAGED)?;
    let meta = header.metadata().as_ref().and_then(|entries| entries.get(KEY));
    let meta = meta.map(|text| Meta::read(text)).transpose()?;
    let mut parts = layers(&file)?;
    let activations = match &meta {
        Some(meta) => hints.are_unused().and_then(|()| meta.activations())?,
        None => hinted(hints, parts.len())?,
    };
    ensure!(
        activations.len() == parts.len(),
        "there are {} layers, and activations of {}",
        parts.len(),
        activations.len()
    );
    parts.iter_mut().zip(activations).for_each(|(part, activation)| part.activation = activation);
    let (layers, params) = together(&parts)?;
    let notes = meta.as_ref().map_or(Ok(Vec::new()), |meta| meta.notes(&params))?;
    let encoder = match (meta, parts.first().zip(parts.last())) {
        (None, Some((first, last))) => plain(first.inputs, last.outputs),
        (Some(meta), _) => meta.encoder,
        (None, None) => plain(0, 0),
    };
    let image = checked(Image { encoder, layers, params })?;
    Ok(Imported { image, ended_in_softmax: false, notes })
}

fn hinted(hints: Hints, layers: usize) -> Result<Vec<AnyActivation>> {
    let last = hints.last.unwrap_or(AnyActivation::Identity);
    let Some(hidden) = layers.checked_sub(1) else { return Ok(Vec::new()) };
    let mut activations = match hints.activation {
        Some(activation) => vec![activation; hidden],
        None if hidden == 0 => Vec::new(),
        None => {
            bail!(Usage(
                "the file does not tell what stands between the layers: give --activation, as in --activation relu"
            ))
        }
    };
    activations.push(last);
    Ok(activations)
}

/// All layers in their order.
fn layers(file: &SafeTensors<'_>) -> Result<Vec<Part>> {
    let mut found: BTreeMap<Natural<'_>, [Option<Tensor>; 2]> = BTreeMap::new();
    for (name, view) in file.iter() {
        let (layer, kind) = name.rsplit_once('.').unwrap_or(("", name));
        let place = ["weight", "bias"].iter().position(|&end| end == kind).with_context(|| {
            format!("tensor {name:?} is not part of a dense layer, whose tensors end in .weight and .bias")
        })?;
        ensure!(
            view.dtype() == Dtype::F32,
            "tensor {name:?} is of type {:?}, and only F32 is read; in PyTorch, model.float() converts it",
            view.dtype()
        );
        let tensor = Tensor::from_bytes(name, view.shape().to_vec(), view.data())?;
        found.entry(Natural(layer)).or_default()[place] = Some(tensor);
    }
    ensure!(!found.is_empty(), "the file has no tensors");
    let layer = |(Natural(layer), [weights, biases]): (Natural<'_>, [Option<Tensor>; 2])| {
        let weights =
            weights.with_context(|| format!("there is no tensor \"{layer}.weight\" beside its bias"))?;
        let mut part = Part::new(&weights, false)?;
        biases.map_or(Ok(()), |biases| part.set_biases(biases))?;
        Ok(part)
    };
    found.into_iter().map(layer).collect()
}

/// A name whose digits compare as numbers.
#[derive(PartialEq, Eq)]
struct Natural<'a>(&'a str);

impl Natural<'_> {
    /// Text, then the number behind it, then what is left.
    fn next(text: &str) -> (&str, Option<u128>, &str) {
        let (start, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()));
        let (digits, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        (start, digits.parse().ok(), rest)
    }
}

impl Ord for Natural<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (self.0, other.0);
        while !a.is_empty() && !b.is_empty() {
            let (a_start, a_number, b_start, b_number);
            (a_start, a_number, a) = Self::next(a);
            (b_start, b_number, b) = Self::next(b);
            let order = a_start.cmp(b_start).then(a_number.cmp(&b_number));
            if order.is_ne() {
                return order;
            }
        }
        a.cmp(b).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Natural<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_natural_order() {
        let mut names = ["fc10", "net.2", "fc2", "net.10", "fc", "net.10.b", "out", "net.2.a"].map(Natural);
        names.sort();
        let names = names.map(|Natural(name)| name);
        assert_eq!(names, ["fc", "fc2", "fc10", "net.2", "net.2.a", "net.10", "net.10.b", "out"]);
    }
}
