//! The program of every board: it watches a motor, tells each sample on the serial line, and what it has found in its log.

use core::fmt::{self, Write as _};

use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use embedded_io::Write;
use static_cell::ConstStaticCell;
use tamis::ARITHMETIC_VERSION;
use tamis::one_pass::Finding;

use super::record::Line;
use super::rig::{self, Rig, Watched};
use super::{NAMES, Pass, SAMPLES};
use crate::board::Board;
use crate::sensors::{Analog, Clock, Lamp, State};
use crate::watchdog::{Bowl, Watchdog};
use crate::{end, start};

static MEMORY: ConstStaticCell<[f32; Pass::NUMBERS]> = ConstStaticCell::new([0.0; Pass::NUMBERS]);

/// Watches the motor that `rig` is on.
pub fn run<F>(
    board: Board<impl Write, impl OutputPin, F, impl Watchdog>,
    rig: Rig<impl I2c, impl Analog, impl InputPin, impl Clock + Clone>,
) -> ! {
    let Board { name, serial, led, mut timer, mut watchdog, .. } = board;
    start::check(name, &mut timer);
    let watchdog = Bowl::new(&mut watchdog);
    let (mut text, mut lamp, mut clock) = (Text(serial), Lamp(led), rig.clock.clone());
    // A line or a lamp that does not obey is no reason to stop.
    let _ = lamp.show(State::Training, &mut clock);
    let _ = write!(text, "{}", Line::Begin { board: name, arithmetic: ARITHMETIC_VERSION });
    let watched = rig::watch(rig, &watchdog, MEMORY.take(), |sample| {
        let _ = write!(text, "{}", Line::Sample(*sample));
    });
    let is_whole = watched.is_ok_and(|Watched { outcome, .. }| outcome.accepted == SAMPLES);
    let _ = lamp.show(if is_whole { State::Found } else { State::Error }, &mut clock);
    let Watched { outcome, counts } = end::unless_ok(watched);
    let _ = write!(text, "{}", Line::End { digest: outcome.digest });
    defmt::info!(
        "{=u32} samples, {=u32} overruns, {=u32} underruns, digest {=u32:08x}",
        outcome.accepted,
        counts.overruns,
        counts.underruns,
        outcome.digest
    );
    if !is_whole {
        defmt::error!("a sensor does not answer as it should");
    }
    for (name, finding) in NAMES.iter().zip(outcome.findings) {
        if let Finding::Relevant(_) = finding {
            defmt::info!("{=str} matters", name);
        }
    }
    rest(&watchdog)
}

/// The end, which an emulator waits for; a device shows what it has found until somebody switches it off.
fn rest(watchdog: &Bowl<'_>) -> ! {
    if cfg!(feature = "board") {
        end::with(0)
    }
    loop {
        watchdog.feed();
    }
}

/// Text on a serial line.
struct Text<S>(S);

impl<S: Write> fmt::Write for Text<S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_all(text.as_bytes()).map_err(|_| fmt::Error)
    }
}
