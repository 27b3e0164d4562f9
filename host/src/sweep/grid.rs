//! A grid of trainings: for each option of `tamis train` a list of values, and a run for each choice of one from each.
//!
//! The options are those of [`TrainingOptions`], by name, and a run is what `tamis train` makes of its values. Runs are
//! counted in the order of the options there: the last option that varies moves fastest.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::builder::Resettable::Reset;
use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Parser};
use tamis::ARITHMETIC_VERSION;
use tamis::wire::Training;
use toml::de::{DeTable, DeValue};

use crate::training::{Setup, TrainingOptions};

/// In a list of values: the option is not given.
const OFF: &str = "off";
/// The same for an option without a value: it is given.
const ON: &str = "on";

/// One option and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Axis {
    option: String,
    values: Vec<String>,
}

/// A grid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// In the order of the options, each with a value or more.
    axes: Vec<Axis>,
}

/// The options of a training, each with a list of values.
#[derive(Clone, Debug, Default)]
pub struct GridOptions {
    axes: Vec<Axis>,
}

/// A training as `tamis train` reads it.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    training: TrainingOptions,
}

/// The options of `tamis train` that say what to train.
pub(super) fn options() -> Vec<Arg> {
    TrainingOptions::augment_args(Command::new("")).get_arguments().cloned().collect()
}

/// `option` without what it has to do with others.
fn free(option: Arg) -> Arg {
    option.conflicts_with(Reset).requires(Reset).group(Reset)
}

fn is_switch(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::SetTrue)
}

impl Args for GridOptions {
    fn augment_args(command: Command) -> Command {
        command.args(options().into_iter().map(|option| {
            let is_switch = is_switch(&option);
            // What contradicts another option is found run by run.
            let list = free(option).default_value(None::<&str>);
            let list =
                list.action(ArgAction::Append).value_parser(ValueParser::string()).value_delimiter(',');
            if is_switch {
                list.num_args(0..=1).require_equals(true).default_missing_value(ON).value_name("on,off")
            } else {
                list.num_args(1).allow_negative_numbers(true)
            }
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for GridOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let axis = |option: Arg| {
            let values = matches.get_many::<String>(option.get_id().as_str())?.cloned().collect();
            Some(Axis { option: option.get_long()?.to_owned(), values })
        };
        Ok(Self { axes: options().into_iter().filter_map(axis).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Grid {
    /// From a file, named in errors, and options, which come before what the file says.
    pub fn new(file: Option<(&str, &str)>, flags: &GridOptions) -> Result<Self> {
        let mut given = file.map_or(Ok(Vec::new()), |(name, text)| read(name, text))?;
        for axis in &flags.axes {
            given.retain(|other| other.option != axis.option);
            given.push(checked(axis.clone()).with_context(|| format!("--{}", axis.option))?);
        }
        let place = |axis: &Axis| options().iter().position(|option| option.get_long() == Some(&axis.option));
        given.sort_by_key(place);
        Ok(Self { axes: given })
    }

    /// How many runs; the largest number there is where there are more.
    pub fn runs(&self) -> u64 {
        self.axes.iter().fold(1, |runs, axis| runs.saturating_mul(axis.values.len() as u64))
    }

    /// The values of run `run`, each with its option.
    pub fn settings(&self, run: u64) -> Vec<(&str, &str)> {
        let mut rest = run;
        let mut settings: Vec<_> = self
            .axes
            .iter()
            .rev()
            .map(|Axis { option, values }| {
                let values_len = values.len() as u64;
                let value = &values[(rest % values_len) as usize];
                rest /= values_len;
                (option.as_str(), value.as_str())
            })
            .collect();
        settings.reverse();
        settings
    }

    /// What `tamis train` would make of run `run`.
    pub fn setup(&self, run: u64) -> Result<Setup> {
        let settings = self.settings(run);
        let line = settings.iter().filter(|(_, value)| *value != OFF).map(|&(option, value)| match value {
            ON => format!("--{option}"),
            value => format!("--{option}={value}"),
        });
        let line: Vec<_> = line.collect();
        let setup = Line::try_parse_from(&line).map_err(|error| anyhow!(brief(&error)));
        let setup = setup.and_then(|line| line.training.setup());
        let setup = setup.with_context(|| format!("run {run}, {}", line.join(" ")))?;
        ensure!(setup.friedman.is_none(), "--task: friedman1 is for `tamis train` only");
        Ok(setup)
    }

    /// The trainings of `runs`.
    pub fn trainings(&self, runs: Range<u64>) -> Result<Vec<Training>> {
        runs.map(|run| Ok(self.setup(run)?.training)).collect()
    }

    /// The names of the options that have a value here.
    pub fn options(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|axis| axis.option.as_str())
    }

    /// What all runs share, in words, but for the columns `without`.
    pub fn constants(&self, without: &[&str]) -> String {
        let shared = self.axes.iter().filter(|axis| axis.values.len() == 1 && axis.values[0] != OFF);
        let shared = shared.filter(|axis| !without.contains(&axis.option.replace('-', "_").as_str()));
        let words = shared.map(|Axis { option, values }| {
            let (option, value) = (option.replace('-', " "), &values[0]);
            if value == ON { option } else { format!("{option} {value}") }
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// A number that another grid, or another arithmetic, does not have.
    pub fn hash(&self) -> u32 {
        fnv(0x811C_9DC5 ^ ARITHMETIC_VERSION, self.to_toml().as_bytes())
    }

    /// As a file, from which [`Grid::new`] makes the same grid.
    pub fn to_toml(&self) -> String {
        let line = |Axis { option, values }: &Axis| format!("{option} = {values:?}\n");
        format!(
            "# A grid of `tamis sweep`: {} runs.\n{}",
            self.runs(),
            self.axes.iter().map(line).collect::<String>()
        )
    }
}

/// FNV-1a over bytes, from `start` on.
pub fn fnv(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// What clap says, without its advice.
fn brief(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.starts_with("Usage") && !line.starts_with("For more"));
    let words: Vec<_> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// The axes of a file.
fn read(name: &str, text: &str) -> Result<Vec<Axis>> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(String::new(), |span| format!(":{}", line(span.start)));
        anyhow!("{name}{at}: {}", error.message())
    })?;
    let known = options();
    let mut axes = Vec::new();
    for (key, value) in table.get_ref() {
        let (option, at) = (key.get_ref().replace('_', "-"), line(key.span().start));
        if !known.iter().any(|known| known.get_long() == Some(&option)) {
            let names: Vec<_> = known.iter().filter_map(|known| known.get_long()).collect();
            bail!("{name}:{at}: there is no option '{option}'; there are {}", names.join(", "));
        }
        let values = match value.get_ref() {
            DeValue::Array(values) => values.iter().map(|value| scalar(value.get_ref())).collect(),
            value => scalar(value).map(|value| vec![value]),
        };
        let axis = values.and_then(|values| checked(Axis { option: option.clone(), values }));
        axes.push(axis.with_context(|| format!("{name}:{at}: {option}"))?);
    }
    Ok(axes)
}

fn scalar(value: &DeValue<'_>) -> Result<String> {
    Ok(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(is_on) => if *is_on { ON } else { OFF }.to_owned(),
        other => bail!("a {} is no value of an option", other.type_str()),
    })
}

/// An axis whose values can be read, each once; "1..8" is the numbers from 1 to 8.
fn checked(Axis { option, values }: Axis) -> Result<Axis> {
    let mut all = Vec::new();
    for value in values {
        let numbers = value.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match numbers {
            Some((first, last)) => {
                let count = u64::saturating_sub(last, first);
                ensure!(count < MOST_VALUES, "{value} is more values than the {MOST_VALUES} of a list");
                all.extend((first..=last).map(|number| number.to_string()));
            }
            None if value.is_empty() => {}
            None => all.push(value),
        }
    }
    ensure!(!all.is_empty(), "there is no value, so the grid has zero runs");
    let known = options().into_iter().find(|known| known.get_long() == Some(&option));
    let known = known.with_context(|| format!("there is no option '{option}'"))?;
    let mut seen = HashSet::new();
    for value in &all {
        ensure!(seen.insert(value), "{value} is there twice");
        let is_on_or_off = value == ON || value == OFF;
        ensure!(is_on_or_off == is_switch(&known) || value == OFF, "'{value}' is not a value of it");
        if !is_on_or_off {
            alone(&known, value)?;
        }
    }
    Ok(Axis { option, values: all })
}

/// The most values that a range stands for.
const MOST_VALUES: u64 = 100_000;

/// Whether `option` can read `value`, whatever else is given.
fn alone(option: &Arg, value: &str) -> Result<()> {
    let command = Command::new("").no_binary_name(true).arg(free(option.clone()));
    let line = [format!("--{}={value}", option.get_long().unwrap_or_default())];
    command.try_get_matches_from(line).map(drop).map_err(|error| anyhow!(brief(&error)))
}
