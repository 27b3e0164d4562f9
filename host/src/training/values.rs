//! How the values of the options are read; what cannot be read is told in plain words.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use tamis::layers::MAX_LAYERS;
use tamis::{AnyActivation, AnyLoss, Data, Huber, Init, Target};

/// What is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Target(Target),
    Friedman1,
}

impl Problem {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Target(target) => target.name(),
            Self::Friedman1 => "friedman1",
        }
    }
}

/// Inputs, then outputs of each layer.
#[derive(Clone, Debug)]
pub(crate) struct Widths(pub(crate) Vec<u16>);

/// A growing penalty as it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pressing {
    pub(super) first: u16,
    pub(super) count: u16,
    pub(super) rate: f32,
    pub(super) from: u32,
    pub(super) every: u32,
}

pub(super) fn task_parser() -> impl TypedValueParser<Value = Problem> {
    let names = Target::ALL.iter().map(|target| target.name()).chain(["friedman1"]);
    PossibleValuesParser::new(names).map(|name| {
        let target = Target::ALL.into_iter().find(|target| target.name() == name);
        target.map_or(Problem::Friedman1, Problem::Target)
    })
}

pub(crate) fn activation_parser() -> impl TypedValueParser<Value = AnyActivation> {
    let names = AnyActivation::ALL.map(|activation| match activation {
        AnyActivation::LeakyRelu => PossibleValue::new(activation.name()).alias("leaky-relu"),
        _ => PossibleValue::new(activation.name()),
    });
    PossibleValuesParser::new(names).try_map(|name| {
        let name = name.replace('-', "_");
        let activation = AnyActivation::ALL.into_iter().find(|activation| activation.name() == name);
        activation.ok_or("there is no such activation")
    })
}

/// A part of a value: "what" is named if it cannot be read.
fn part<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{text}' is not {what}"))
}

pub(crate) fn shape(text: &str) -> Result<Widths, String> {
    let widths = text.split('-').map(|width| match part(width, "a width")? {
        0 => Err("every layer has at least one unit".to_owned()),
        width => Ok(width),
    });
    let widths = widths.collect::<Result<Vec<u16>, String>>()?;
    match widths.len() {
        2.. if widths.len() <= MAX_LAYERS + 1 => Ok(Widths(widths)),
        ..2 => Err("inputs and outputs are needed, as in 8-1 or 8-16-1".to_owned()),
        _ => Err(format!("a network has at most {MAX_LAYERS} layers")),
    }
}

pub(super) fn loss(text: &str) -> Result<AnyLoss, String> {
    match text.split_once(':') {
        None if text == "mse" => Ok(AnyLoss::Mse),
        None if text == "huber" => Ok(AnyLoss::Huber(Huber::default())),
        None if text == "binary" => Ok(AnyLoss::BinaryCrossEntropy),
        None if text == "softmax" => Ok(AnyLoss::SoftmaxCrossEntropy),
        Some(("huber", bound)) => {
            let huber = Huber::new(part(bound, "a bound")?);
            huber.map(AnyLoss::Huber).map_err(|error| error.to_string())
        }
        _ => Err("there are mse, huber[:BOUND], binary, softmax".to_owned()),
    }
}

pub(super) fn init(text: &str) -> Result<Init, String> {
    match text.split_once(':') {
        None if text == "he" => Ok(Init::he()),
        None if text == "xavier" => Ok(Init::xavier()),
        Some(("scaled", gain)) => Ok(Init::scaled(part(gain, "a gain")?)),
        _ => Err("there are he, xavier, scaled:GAIN".to_owned()),
    }
}

pub(super) fn data(text: &str) -> Result<Data, String> {
    let rows = |text| part(text, "a number of rows up to 65535");
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["stream"] => Ok(Data::Stream),
        ["sequential", samples] => Ok(Data::Sequential(rows(samples)?)),
        ["shuffled", samples] => Ok(Data::Shuffled(rows(samples)?)),
        ["keyed", samples] => Ok(Data::Keyed(rows(samples)?)),
        ["replacement", samples] => Ok(Data::WithReplacement(rows(samples)?)),
        ["ring", capacity, visits] => {
            Ok(Data::Ring { capacity: rows(capacity)?, visits: part(visits, "a number of visits")? })
        }
        _ => {
            Err("there are stream, sequential:N, shuffled:N, keyed:N, replacement:N, ring:N:VISITS"
                .to_owned())
        }
    }
}

pub(super) fn count_and_number(text: &str) -> Result<(u32, f32), String> {
    let (count, number) =
        text.split_once(':').ok_or("a number of updates and a factor are needed, as in 40000:0.2")?;
    Ok((part(count, "a number of updates")?, part(number, "a factor")?))
}

pub(super) fn penalty(text: &str) -> Result<(f32, u32), String> {
    let (lambda, every) = text.split_once(':').unwrap_or((text, "1"));
    Ok((part(lambda, "a strength")?, part(every, "a number of updates")?))
}

pub(super) fn press(text: &str) -> Result<Pressing, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let [first, count, rate, from, every] = parts[..] else {
        return Err("FIRST:COUNT:RATE:FROM:EVERY is needed, as in 3:6:0.05:30000:100".to_owned());
    };
    let first: u16 = part(first, "the number of an input")?;
    Ok(Pressing {
        first: first.checked_sub(1).ok_or("the first input is number 1")?,
        count: part(count, "a number of inputs")?,
        rate: part(rate, "a rate")?,
        from: part(from, "a number of updates")?,
        every: part(every, "a number of updates")?,
    })
}
