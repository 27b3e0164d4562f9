//! The images of the digits, as they are and as they are shown in training.

use anyhow::{Context, Result};
use tamis::random::{self, Purpose};
use tamis::{NoSample, Samples, Seed};

/// Pixels of an image.
pub const PIXELS: usize = 64;
/// Zero to nine.
pub const CLASSES: u16 = 10;

/// The images, as numbers from 0 to 1.
pub struct Set {
    /// What is trained on.
    pub train: Images,
    /// Every fifth image.
    pub test: Images,
}

/// Images and their classes.
#[derive(Default)]
pub struct Images {
    /// The pixels.
    pub x: Vec<[f32; PIXELS]>,
    /// The digit.
    pub class: Vec<u8>,
}

impl Set {
    /// All 1,797 images.
    pub fn read() -> Result<Self> {
        let mut set = Self { train: Images::default(), test: Images::default() };
        for (row, line) in include_str!("../../../assets/digits.csv").lines().enumerate() {
            let numbers: Vec<u8> = line
                .split(',')
                .map(str::parse)
                .collect::<Result<_, _>>()
                .with_context(|| format!("digits.csv, row {row}"))?;
            let (class, pixels) = numbers.split_last().with_context(|| format!("digits.csv, row {row}"))?;
            let pixels: &[u8; PIXELS] =
                pixels.try_into().with_context(|| format!("digits.csv, row {row}: not {PIXELS} pixels"))?;
            let part = if row % 5 == 4 { &mut set.test } else { &mut set.train };
            part.x.push(pixels.map(|pixel| f32::from(pixel) / 16.0));
            part.class.push(*class);
        }
        Ok(set)
    }

    /// The mean of every pixel in the training images.
    pub fn mean(&self) -> [f64; PIXELS] {
        self.mean_of(|x| x)
    }

    /// Its mean square.
    pub fn mean_square(&self) -> [f64; PIXELS] {
        self.mean_of(|x| x * x)
    }

    fn mean_of(&self, of: impl Fn(f64) -> f64) -> [f64; PIXELS] {
        let images = &self.train.x;
        std::array::from_fn(|pixel| {
            images.iter().map(|x| of(x[pixel].into())).sum::<f64>() / images.len() as f64
        })
    }

    /// The group of every pixel.
    pub fn groups(&self) -> [Group; PIXELS] {
        self.mean_square().map(|square| match square {
            0.0 => Group::Dark,
            square if square < 0.01 => Group::Rare,
            _ => Group::Used,
        })
    }
}

/// What the training images show of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Nothing.
    Dark,
    /// Little.
    Rare,
    /// Enough to learn from.
    Used,
}

/// The images in training, each visit with its own noise.
pub struct Shown<'a> {
    /// All of them.
    pub images: &'a Images,
    /// The share of labels that are drawn.
    pub relabelled: f32,
    /// What is lit at random, if anything.
    pub border: Option<Border>,
    /// Decides the noise.
    pub seed: Seed,
    /// How many there have been.
    pub visits: u64,
}

/// Pixels that are lit at random.
#[derive(Clone, Copy)]
pub struct Border {
    /// All pixels but the used ones.
    pub groups: [Group; PIXELS],
    /// Decides when.
    pub seed: Seed,
}

impl Border {
    /// Lights them, as it is decided for this visit.
    pub fn light(&self, visit: u64, x: &mut [f32]) {
        let mut generator = self.seed.generator(Purpose::TaskNoise, visit);
        for (x, _) in x.iter_mut().zip(&self.groups).filter(|(_, group)| **group != Group::Used) {
            *x = if random::uniform(&mut generator) < 0.5 { 0.75 } else { 0.0 };
        }
    }
}

impl Samples for Shown<'_> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let row = usize::try_from(index).map_err(|_| NoSample(index))?;
        let (Some(image), Some(&class)) = (self.images.x.get(row), self.images.class.get(row)) else {
            return Err(NoSample(index));
        };
        x.copy_from_slice(image);
        if let Some(border) = self.border {
            border.light(self.visits, x);
        }
        let mut generator = self.seed.generator(Purpose::LabelNoise, self.visits);
        self.visits += 1;
        let is_drawn = random::uniform(&mut generator) < self.relabelled;
        let drawn = random::uniform(&mut generator) * f32::from(CLASSES);
        target.fill(if is_drawn { drawn.floor() } else { class.into() });
        Ok(())
    }
}
