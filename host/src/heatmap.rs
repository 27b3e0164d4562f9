//! A heat map of |W1|, the absolute first-layer weights of one trained network: the data, the colours, and the
//! picture a terminal can show.
//!
//! Inputs are columns, hidden units are rows, so an input the network ignores is an empty column. The colours are
//! those of viridis: perceptually uniform, and safe for colour-blind readers.

use std::fmt::Write;

use tamis::Network;
use tamis::wire::Training;

use crate::replica::Outcome;

/// One trained network's first layer.
#[derive(Clone, Debug)]
pub struct Panel {
    /// How it was trained: "SGD, batch 1, final drop".
    pub title: String,
    /// What came of it: "ratio 0.03 · exact".
    pub caption: String,
    /// The absolute weights, input-major: all outputs of input 0, then those of input 1, and so on.
    pub weights: Vec<f32>,
    /// Hidden units of the first layer.
    pub outputs: usize,
    /// The inputs, in the order of the weights.
    pub inputs: Vec<Input>,
}

/// An input of a network: a column of its heat map.
#[derive(Clone, Debug)]
pub struct Input {
    /// The label of the column: "x1", or "p3" for a probe.
    pub name: String,
    /// The truth about it.
    pub kind: Kind,
}

/// What is known about an input before training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The target depends on it.
    Relevant,
    /// The target does not depend on it.
    Irrelevant,
    /// Noise that was added on purpose, as a yardstick for irrelevance.
    Probe,
}

/// The inputs of the network of `training`: x1, x2, ..., then the probes p1, p2, ...
pub fn inputs(training: &Training) -> Vec<Input> {
    let task = &training.plan.task;
    let input = |input: usize| match input.checked_sub(task.inputs.into()) {
        Some(probe) => Input { name: format!("p{}", probe + 1), kind: Kind::Probe },
        None if input < task.relevant.into() => {
            Input { name: format!("x{}", input + 1), kind: Kind::Relevant }
        }
        None => Input { name: format!("x{}", input + 1), kind: Kind::Irrelevant },
    };
    (0..training.layers.inputs()).map(input).collect()
}

impl Panel {
    /// The first layer that `training` has come to.
    pub fn of(title: &str, training: &Training, outcome: &Outcome) -> Self {
        let (ratio, found) = (outcome.contrast(&training.plan).ratio, outcome.found());
        let caption = if ratio.is_finite() {
            format!("ratio {ratio:.2} · found {found}")
        } else {
            format!("found {found}")
        };
        Self::of_weights(title, &caption, training, outcome.first_layer.clone())
    }

    /// The first layer of the network of `training` with these weights.
    pub fn of_weights(title: &str, caption: &str, training: &Training, weights: Vec<f32>) -> Self {
        Self {
            title: title.to_owned(),
            caption: caption.to_owned(),
            weights,
            outputs: training.layers.layers().next().map_or(1, |layer| layer.outputs),
            inputs: inputs(training),
        }
    }

    /// The columns: one per input, each from the first hidden unit to the last.
    pub fn columns(&self) -> impl Iterator<Item = impl Iterator<Item = f32>> {
        (0..self.inputs.len())
            .map(move |input| (0..self.outputs).map(move |output| self.weight(input, output)))
    }

    /// The absolute weight from `input` to hidden unit `output`; not a number where there is none.
    pub fn weight(&self, input: usize, output: usize) -> f32 {
        self.weights.get(input * self.outputs + output).map_or(f32::NAN, |weight| weight.abs())
    }
}

/// The end of the scale that `panels` share: their largest finite weight, rounded up to two digits, the second
/// even, so that the middle of the scale is a short number too.
pub fn scale_max<'a>(panels: impl IntoIterator<Item = &'a Panel>) -> f32 {
    let weights = panels.into_iter().flat_map(|panel| &panel.weights).map(|weight| weight.abs());
    let max = f64::from(weights.filter(|weight| weight.is_finite()).fold(0.0, f32::max));
    if max == 0.0 {
        return 1.0;
    }
    let unit = 2.0 * 10f64.powf(max.log10().floor() - 1.0);
    let steps = (max / unit - 1e-6).ceil(); // 0.58 as f32 is a little more than 0.58
    (steps * unit) as f32
}

/// Where `weight` lies on a scale from 0 to `max`, from 0.0 to 1.0; none if it is not finite.
pub fn share(weight: f32, max: f32) -> Option<f32> {
    let share = if max > 0.0 { (weight / max).clamp(0.0, 1.0) } else { 0.0 };
    weight.is_finite().then_some(share)
}

/// Viridis at 0/8, 1/8 .. 8/8.
pub const ANCHORS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 45, 123],
    [59, 82, 139],
    [44, 114, 142],
    [33, 144, 140],
    [39, 173, 129],
    [93, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// The colour of `share` (from 0.0 to 1.0): linear between the anchors.
pub fn colour(share: f32) -> [u8; 3] {
    let place = share.clamp(0.0, 1.0) * (ANCHORS.len() - 1) as f32;
    let left = (place as usize).min(ANCHORS.len() - 2);
    let part = place - left as f32;
    std::array::from_fn(|i| {
        let (a, b) = (f32::from(ANCHORS[left][i]), f32::from(ANCHORS[left + 1][i]));
        (a + (b - a) * part).round() as u8
    })
}

const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];

/// `panel` as text, on a scale from 0 to `scale_max`: in 24-bit colours, or in shades without escape codes.
pub fn terminal(panel: &Panel, scale_max: f32, colour: bool) -> String {
    let width = panel.inputs.iter().map(|input| input.name.chars().count()).max().unwrap_or(0).max(2) + 1;
    let margin = panel.outputs.to_string().len().max(2) + 1;
    let bold = |text: &str| if colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let mut lines = vec![bold(&panel.title), panel.caption.clone()];

    for output in 0..panel.outputs {
        let mut line = format!("{:>1$}│", output + 1, margin - 1);
        for input in 0..panel.inputs.len() {
            line += &cell(share(panel.weight(input, output), scale_max), width, colour);
        }
        lines.push(line + "│");
    }

    let (mut names, mut marks) = (" ".repeat(margin), " ".repeat(margin));
    for Input { name, kind } in &panel.inputs {
        let relevant = *kind == Kind::Relevant;
        let name = format!("{name:^width$}");
        names += &if relevant { bold(&name) } else { name };
        let _ = write!(marks, "{:^width$}", if relevant { "▲" } else { "" });
    }
    lines.push(names);
    lines.push(marks);

    let scale: String = if colour {
        (0..16).map(|i| cell(Some(i as f32 / 15.0), 1, true)).collect()
    } else {
        SHADES.iter().flat_map(|&shade| [shade; 3]).collect()
    };
    lines.push(format!("{}|w| 0 {scale} {scale_max}   ▲ relevant in truth", " ".repeat(margin)));
    lines.iter().map(|line| format!("{}\n", line.trim_end_matches(' '))).collect()
}

/// One cell of `width` characters; question marks for a weight that is not finite.
fn cell(share: Option<f32>, width: usize, coloured: bool) -> String {
    match share {
        None => "?".repeat(width),
        Some(share) if coloured => {
            let [r, g, b] = colour(share);
            format!("\x1b[48;2;{r};{g};{b}m{}\x1b[0m", " ".repeat(width))
        }
        Some(share) => {
            let last = SHADES.len() - 1;
            SHADES[(share * last as f32).round() as usize].to_string().repeat(width)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel() -> Panel {
        let input = |name: &str, kind| Input { name: name.to_owned(), kind };
        Panel {
            title: "SGD".to_owned(),
            caption: "exact".to_owned(),
            weights: vec![0.5, 0.25, 0.0, f32::NAN, 0.0, 0.01],
            outputs: 2,
            inputs: vec![
                input("x1", Kind::Relevant),
                input("x2", Kind::Irrelevant),
                input("p1", Kind::Probe),
            ],
        }
    }

    #[test]
    fn the_scale_ends_at_the_ends_of_the_map() {
        assert_eq!(colour(0.0), ANCHORS[0]);
        assert_eq!(colour(1.0), ANCHORS[8]);
        assert_eq!(colour(0.5), ANCHORS[4]);
        assert_eq!(colour(7.0), ANCHORS[8]);
        assert_eq!([share(0.0, 0.5), share(0.5, 0.5), share(9.0, 0.5)], [Some(0.0), Some(1.0), Some(1.0)]);
        assert_eq!([share(f32::NAN, 1.0), share(f32::INFINITY, 1.0)], [None, None]);
    }

    #[test]
    fn brighter_is_larger() {
        let light = |i: usize| {
            let [r, g, b] = colour(i as f32 / 100.0).map(f32::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert!((0..100).all(|i| light(i) <= light(i + 1) + 0.5));
    }

    #[test]
    fn the_scale_is_rounded_up() {
        let of = |weights: &[f32]| scale_max([&Panel { weights: weights.to_vec(), ..panel() }]);
        assert_eq!([of(&[0.6137, 0.2]), of(&[-12.1]), of(&[0.58]), of(&[100.0])], [0.62, 14.0, 0.58, 100.0]);
        assert_eq!([of(&[]), of(&[0.0, f32::NAN])], [1.0, 1.0]);
    }

    #[test]
    fn plain_text_has_a_line_per_unit_and_no_escapes() {
        let text = terminal(&panel(), 0.5, false);
        assert!(!text.contains('\x1b'));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2 + 2 + 3);
        assert_eq!(lines[2], " 1│███      │");
        assert_eq!(lines[3], " 2│▒▒▒???   │");
        assert_eq!(lines[4].split_whitespace().collect::<Vec<_>>(), ["x1", "x2", "p1"]);
        assert_eq!(lines[5].trim(), "▲");
    }

    #[test]
    fn colours_are_closed_on_every_line() {
        let text = terminal(&panel(), 0.5, true);
        assert_eq!(text.lines().count(), 7);
        assert!(text.contains("\x1b[48;2;253;231;37m   \x1b[0m"));
        assert!(
            text.lines().all(|line| line.matches("\x1b[").count() == 2 * line.matches("\x1b[0m").count())
        );
    }
}
