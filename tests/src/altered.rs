//! Where the program `altered` shows its wrong bit.

use tamis_host::experiments::Experiment;

/// It flips the lowest bit after this update.
pub const UPDATE: u32 = 37;
/// Of this parameter.
const PARAM: usize = 115;

/// The layer, from 1, and the index in it, counted over the widths; nothing where there are fewer parameters.
pub fn place(experiment: &Experiment) -> Option<(usize, usize)> {
    let layers = &experiment.training.layers;
    let (mut inputs, mut index) = (tamis::Network::inputs(layers), PARAM);
    for (layer, spec) in layers.specs().iter().enumerate() {
        let outputs = usize::from(spec.outputs);
        let params = inputs * outputs + if spec.has_bias { outputs } else { 0 };
        if index < params {
            return Some((layer + 1, index));
        }
        (inputs, index) = (outputs, index - params);
    }
    None
}
