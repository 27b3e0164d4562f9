//! `tamis device motor`: the worked example with real sensors, repeated here as the device tells it.
//!
//! The device tells every sample on its serial line ([`tamis_firmware::motor::record`]); the pass that it makes is made
//! here on the same numbers, and after each sample the two have the same digest.

use std::cell::Cell;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::json;
use tamis::one_pass::Finding;
use tamis::{ARITHMETIC_VERSION, NoSample, Samples};
use tamis_firmware::motor::record::Line;
use tamis_firmware::motor::{self, NAMES, Outcome, Pass, SAMPLES};

use super::select::in_words;
use crate::emulator::{Clock, Emulator};
use crate::port::{self, At};
use crate::svg::{self, ACCENT, GREY, INNER, MARGIN, Page, RULE};
use crate::{report, tools, whole};

/// Follows the worked example on a device: which of nine channels of a motor tell how worn it is?
///
/// Start it, then the program `motor` on the board. An emulated board has a motor that is simulated.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis device motor --machine mps2-an386 --out motor")]
pub struct MotorOptions {
    #[command(flatten)]
    at: At,
    /// The folder for the samples, as motor.csv, and the picture.
    #[arg(long, value_name = "FOLDER", default_value = "tamis-motor")]
    out: PathBuf,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(options: &MotorOptions) -> Result<()> {
    // The emulator runs as long as this lives.
    let mut emulator = None;
    let line: Box<dyn Read> = match (&options.at.port, options.at.machine) {
        (Some(port), _) => port::halves(port).with_context(|| port.clone())?.0,
        (None, machine) => {
            let machine = machine.context("neither --port nor --machine")?;
            let elf = tools::program(machine, "motor")?;
            let (board, line) = Emulator::switch_on(machine, &elf, Clock::Free)?;
            emulator = Some(board);
            Box::new(line)
        }
    };
    let bar = report::progress(SAMPLES as usize);
    bar.set_message(options.at.name());
    let told = follow(line, |_| bar.inc(1))?;
    bar.finish_and_clear();
    drop(emulator);
    fs::create_dir_all(&options.out)?;
    let table = options.out.join("motor.csv");
    whole::write(&[(table.clone(), told.csv().into_bytes())])?;
    let picture = svg::save(&picture(&told), &options.out, "motor")?;
    tell(options, &told, &table, &picture)
}

/// What a device has told, and what came of it here too.
pub struct Told {
    /// The name of the board.
    pub board: String,
    /// What was found, on both.
    pub outcome: Outcome,
    /// Its samples.
    pub samples: Vec<motor::Sample>,
}

/// Follows a device to its end; `watch` hears of every sample. An error names the line that is damaged, or the sample after
/// which device and host differ.
pub fn follow(line: impl Read, mut watch: impl FnMut(&motor::Sample)) -> Result<Told> {
    let mut lines = Lines { reader: BufReader::new(line), number: 0 };
    let board = lines.wait_for_begin()?;
    // What the device says its digest is after the sample in hand, and what it is here if that is another.
    let (there, other) = (Cell::new(0), Cell::new(None));
    let mut samples = Vec::new();
    let mut source = Device { lines, there: &there, other: &other, end: None };
    let outcome = motor::run(&mut source, &mut [0.0; Pass::NUMBERS], |here| {
        if here.digest == there.get() {
            samples.push(*here);
            watch(here);
        } else {
            other.set(Some(here.digest));
        }
    })?;
    if let Some(here) = other.get() {
        bail!(
            "after sample {} the device has digest {:08x}, this host {here:08x}",
            samples.len(),
            there.get()
        );
    }
    let end = source.end()?;
    ensure!(
        end == outcome.digest,
        "all samples are equal, but at the end the device has digest {end:08x}, this host {:08x}",
        outcome.digest
    );
    Ok(Told { board, outcome, samples })
}

/// The samples of a device, one after the other.
struct Device<'c, R> {
    lines: Lines<R>,
    there: &'c Cell<u32>,
    other: &'c Cell<Option<u32>>,
    /// The digest of the last line, or why there will be none.
    end: Option<Result<u32>>,
}

impl<R: Read> Samples for Device<'_, R> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        if self.other.get().is_some() {
            return Err(NoSample(index));
        }
        match self.lines.next(|line| match line {
            Line::Sample(sample) => Some(Ok(sample)),
            Line::End { digest } => Some(Err(digest)),
            Line::Begin { .. } => None,
        }) {
            Ok(Ok(sample)) => {
                x.copy_from_slice(&sample.x);
                target.fill(sample.label);
                self.there.set(sample.digest);
                Ok(())
            }
            Ok(Err(digest)) => {
                self.end = Some(Ok(digest));
                Err(NoSample(index))
            }
            Err(error) => {
                self.end = Some(Err(error));
                Err(NoSample(index))
            }
        }
    }
}

impl<R: Read> Device<'_, R> {
    /// The digest of the last line.
    fn end(mut self) -> Result<u32> {
        self.end.take().unwrap_or_else(|| {
            self.lines.next(|line| match line {
                Line::End { digest } => Some(digest),
                _ => None,
            })
        })
    }
}

/// What a device says, line by line.
struct Lines<R> {
    reader: BufReader<R>,
    /// Of the line that was read last.
    number: usize,
}

impl<R: Read> Lines<R> {
    /// Its first line; what it said before that was another program's.
    fn wait_for_begin(&mut self) -> Result<String> {
        loop {
            let text = self.text()?;
            // A line that is switched on may bring a byte of its own.
            let begin = text.find("motor ").and_then(|at| Line::parse(text.get(at..)?));
            if let Some(Line::Begin { board, arithmetic }) = begin {
                ensure!(
                    arithmetic == ARITHMETIC_VERSION,
                    "the device has arithmetic {arithmetic}; this host has {ARITHMETIC_VERSION}"
                );
                self.number = 1;
                return Ok(board.to_owned());
            }
        }
    }

    /// What is wanted of the next line.
    fn next<T>(&mut self, wanted: impl Fn(Line<'_>) -> Option<T>) -> Result<T> {
        let text = self.text()?;
        self.number += 1;
        let line = Line::parse(&text).and_then(wanted);
        line.with_context(|| format!("line {} of the device is damaged: {:?}", self.number, text.trim_end()))
    }

    /// The next line, for which a serial port may want patience.
    fn text(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        while bytes.last() != Some(&b'\n') {
            match self.reader.read_until(b'\n', &mut bytes) {
                Ok(0) => bail!("the line was closed after line {}", self.number),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error).context("the line"),
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Told {
    /// The samples as a table, for `cargo select`.
    pub fn csv(&self) -> String {
        let mut csv = NAMES.join(",") + ",wear\n";
        for motor::Sample { x, label, .. } in &self.samples {
            x.iter().for_each(|x| csv += &format!("{x},"));
            csv += &format!("{label}\n");
        }
        csv
    }

    fn relevant(&self) -> Vec<&'static str> {
        let named = NAMES.iter().zip(&self.outcome.findings);
        named.filter(|(_, finding)| matches!(finding, Finding::Relevant(_))).map(|(name, _)| *name).collect()
    }

    /// The answer in a sentence.
    fn answer(&self) -> String {
        match self.relevant()[..] {
            [] => "No channel tells how worn the motor is".to_owned(),
            [name] => format!("Of all channels {name} tells how worn the motor is"),
            [ref first @ .., last] => {
                format!("Of all channels {} and {last} tell how worn the motor is", first.join(", "))
            }
        }
    }
}

const ROW: f32 = 26.0;

/// The norm of each channel beside that of its shadow.
pub fn picture(told: &Told) -> String {
    let Told { board, outcome, samples } = told;
    let mut page = Page::default();
    let title = told.answer();
    let guide = format!(
        "Mean norm of each channel's column in the first layer, and, hollow, of its shadow, the channel one sample \
         before: what a channel without evidence looks like. One pass over {} samples on {board}, repeated on this \
         host with the same digests.",
        svg::thousands(samples.len() as u32)
    );
    let top = page.heading(&title, &guide) + 10.0;
    let (left, right) = (MARGIN + 130.0, MARGIN + INNER - 150.0);
    let most = outcome.norms.as_flattened().iter().copied().fold(f32::MIN_POSITIVE, f32::max) * 1.05;
    let across = |norm: f32| left + (right - left) * norm / most;
    for (channel, finding) in outcome.findings.iter().enumerate() {
        let middle = top + ROW * (channel as f32 + 0.5);
        let [norm, shadow] = outcome.norms.map(|norms| across(norms[channel]));
        let is_relevant = matches!(finding, Finding::Relevant(_));
        let (colour, bold) = if is_relevant { (ACCENT, "font-weight=\"700\"") } else { (GREY, "") };
        let name = format!("text-anchor=\"end\" {bold}");
        page.text(left - 12.0, middle + 4.5, 13.0, NAMES[channel], &name);
        page.straight([left, middle, right, middle], &format!("stroke=\"{RULE}\""));
        page.straight([left, middle, norm, middle], &format!("stroke=\"{colour}\" stroke-width=\"3\""));
        page.circle(shadow, middle, 4.0, &format!("fill=\"#ffffff\" stroke=\"{GREY}\" stroke-width=\"1.5\""));
        page.circle(norm, middle, 5.0, &format!("fill=\"{colour}\""));
        page.text(right + 14.0, middle + 4.5, 12.0, in_words(finding), &format!("fill=\"{colour}\""));
    }
    page.finish(&title, "", top + ROW * NAMES.len() as f32 + 14.0)
}

fn tell(options: &MotorOptions, told: &Told, table: &Path, picture: &Path) -> Result<()> {
    let Told { board, outcome: Outcome { accepted, digest, findings, norms }, samples } = told;
    if options.json {
        let channels = (0..NAMES.len()).map(|channel| {
            json!({
                "name": NAMES[channel],
                "finding": in_words(&findings[channel]),
                "norm": norms[0][channel],
                "shadow": norms[1][channel],
            })
        });
        let object = json!({
            "board": board,
            "samples": accepted,
            "digests_compared": samples.len() + 1,
            "digest": format!("{digest:08x}"),
            "channels": channels.collect::<Vec<_>>(),
            "table": table,
            "picture": picture,
        });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(());
    }
    let rows = (0..NAMES.len()).map(|channel| {
        let [norm, shadow] = norms.map(|norms| report::number(norms[channel], 3));
        vec![NAMES[channel].to_owned(), in_words(&findings[channel]).to_owned(), norm, shadow]
    });
    println!("{}", report::table(&["channel", "finding", "norm", "its shadow"], 2, rows));
    println!(
        "\n{}: {} samples of {board}, {} digests compared with this host: equal",
        told.answer(),
        svg::thousands(*accepted),
        svg::thousands(samples.len() as u32 + 1)
    );
    println!("samples: {}\npicture: {}", table.display(), picture.display());
    Ok(())
}
