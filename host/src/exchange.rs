//! A trained network on its way out, in four forms, and in, from two that others write.
//!
//! | file | holds |
//! |---|---|
//! | `parts.rs` | layers as files have them: a matrix and a vector each |
//! | `tensors.rs` | `model.safetensors`, out and in |
//! | `onnx.rs`, `onnx/` | `model.onnx`, out and in |
//! | `rust.rs` | `model.rs`, for the kernel |
//! | `c.rs`, `c/` | `model.h`, plain C99 |

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use tamis::{ARITHMETIC_VERSION, AnyActivation, Digest, Network};

use crate::select::encoder::{Encoder, Feature};
use crate::select::image::Image;
use crate::whole;

pub mod c;
pub mod onnx;
mod parts;
pub mod rust;
pub mod tensors;

/// The name under which a file keeps what is not in its tensors.
const KEY: &str = "tamis";

/// What a file of tensors does not tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints {
    /// What all layers but the last do.
    pub activation: Option<AnyActivation>,
    /// What the last layer does: the identity if it is not given.
    pub last: Option<AnyActivation>,
}

/// Hints that a file needs, or has no use for.
#[derive(Debug)]
pub struct Usage(&'static str);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Usage {}

impl Hints {
    /// An error if there are any, since the file itself tells.
    fn are_unused(self) -> Result<()> {
        let unused = self.activation.is_none() && self.last.is_none();
        ensure!(unused, Usage("the file tells its activations; leave --activation and --last out"));
        Ok(())
    }
}

/// A network that has come in.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// It.
    pub image: Image,
    /// Whether it ended in a Softmax, which is left out: it gives logits.
    pub ended_in_softmax: bool,
    /// What its user should know.
    pub notes: Vec<String>,
}

/// What a file keeps beside its tensors, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Meta {
    arithmetic_version: u32,
    /// Of the parameters, to see that they have come through.
    digest: Option<String>,
    activations: Vec<String>,
    encoder: Encoder,
}

impl Meta {
    fn of(image: &Image) -> Self {
        Self {
            arithmetic_version: ARITHMETIC_VERSION,
            digest: Some(digest(&image.params)),
            activations: image.layers.specs().iter().map(|spec| spec.activation.name().to_owned()).collect(),
            encoder: image.encoder.clone(),
        }
    }

    fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).with_context(|| format!("the metadata {KEY:?} cannot be read"))
    }

    fn activations(&self) -> Result<Vec<AnyActivation>> {
        let named = |name: &String| {
            let found = AnyActivation::ALL.into_iter().find(|activation| activation.name() == name);
            found.with_context(|| format!("the metadata names an unknown activation {name:?}"))
        };
        self.activations.iter().map(named).collect()
    }

    /// What there is to say of a network with these parameters.
    fn notes(&self, params: &[f32]) -> Result<Vec<String>> {
        let digest = digest(params);
        if let Some(exported) = &self.digest
            && self.arithmetic_version == ARITHMETIC_VERSION
        {
            ensure!(
                *exported == digest,
                "the parameters have changed since they were exported: their digest is {digest}, not {exported}; if that \
                 is meant, take \"digest\" out of the metadata {KEY:?}"
            );
        }
        let version = self.arithmetic_version;
        let differs = version != ARITHMETIC_VERSION;
        Ok(Vec::from_iter(differs.then(|| {
            format!(
                "exported with arithmetic version {version}; with version {ARITHMETIC_VERSION} the last bits of \
                 predictions may differ"
            )
        })))
    }
}

/// The digest of parameters as it is printed.
pub fn digest(params: &[f32]) -> String {
    let mut digest = Digest::new();
    digest.update(params);
    format!("{:08x}", digest.value())
}

/// Checks that an image is a network, and its encoder one for it.
pub fn checked(image: Image) -> Result<Image> {
    let Image { encoder, layers, params } = image;
    let layers = layers.checked()?;
    for (what, features, width) in
        [("inputs", &encoder.inputs, layers.inputs()), ("outputs", &encoder.outputs, layers.outputs())]
    {
        ensure!(features.len() == width, "the network has {width} {what}, the encoder {}", features.len());
        for feature in features {
            let Feature { range: [least, most], mean, deviation, .. } = *feature;
            let finite = [least, most, mean, deviation].iter().all(|number| number.is_finite());
            let is_scale = finite && least <= most && deviation != 0.0;
            ensure!(is_scale, "the scale of {:?} is none: {feature:?}", feature.name());
        }
    }
    let expected = layers.params();
    ensure!(params.len() == expected, "{layers} has {expected} parameters, not {}", params.len());
    if let Some(index) = params.iter().position(|param| !param.is_finite()) {
        bail!("parameter {index} is {}", params[index]);
    }
    Ok(Image { encoder, layers, params })
}

/// An encoder that leaves numbers as they are: inputs x1, x2, ..., outputs y1, y2, ...
pub(crate) fn plain(inputs: usize, outputs: usize) -> Encoder {
    let features = |letter: char, n: usize| (1..=n).map(|k| plain_feature(format!("{letter}{k}"))).collect();
    Encoder { inputs: features('x', inputs), outputs: features('y', outputs), is_classes: false }
}

fn plain_feature(column: String) -> Feature {
    Feature { column, word: None, range: [f32::MIN, f32::MAX], mean: 0.0, deviation: 1.0 }
}

/// Reads the network in `path`; the end of its name tells the form.
pub fn read(path: &Path, hints: Hints) -> Result<Imported> {
    let of_file = || path.display().to_string();
    let bytes = fs::read(path).with_context(of_file)?;
    let imported = match path.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => tensors::read(&bytes, hints),
        Some("onnx") => hints.are_unused().and_then(|()| onnx::read(&bytes)),
        Some("json") => hints.are_unused().and_then(|()| read_image(&bytes)),
        _ => Err(anyhow!(Usage("a network is read from a file .safetensors, .onnx or .json"))),
    };
    imported.with_context(of_file)
}

fn read_image(bytes: &[u8]) -> Result<Imported> {
    let image = serde_json::from_slice(bytes).context("this is no image of a network")?;
    Ok(Imported { image: checked(image)?, ended_in_softmax: false, notes: Vec::new() })
}

/// Writes the network as `model.safetensors`, `model.rs`, `model.h` and `model.onnx` into `folder`; gives the paths.
pub fn export(image: &Image, folder: &Path) -> Result<Vec<PathBuf>> {
    let image = checked(image.clone())?;
    let files = [
        ("model.safetensors", tensors::write(&image)?),
        ("model.rs", rust::write(&image).into_bytes()),
        ("model.h", c::write(&image).into_bytes()),
        ("model.onnx", onnx::write(&image)?),
    ]
    .map(|(name, bytes)| (folder.join(name), bytes));
    fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    whole::write(&files)?;
    Ok(files.map(|(path, _)| path).to_vec())
}

/// Writes the network as one file of JSON.
pub fn save_image(image: &Image, path: &Path) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(image)?;
    bytes.push(b'\n');
    whole::write(&[(path.to_owned(), bytes)])
}
