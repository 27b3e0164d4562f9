//! How a program with the application begins: the self-check first, then requests.

use embedded_hal::digital::OutputPin;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;

use crate::app::{self, Settings};
use crate::arch::{self, Timer};
use crate::board::Board;
use crate::board::erased::{AnyBoard, AnyLed, AnyLine};
use crate::watchdog::Watchdog;
use crate::{end, self_check};

/// Serves requests on `board`, once its arithmetic has shown to be ours.
pub fn run(
    board: Option<Board<impl Read + ReadReady + Write, impl OutputPin, impl NorFlash, impl Watchdog>>,
    settings: &'static Settings,
) -> ! {
    run_if(self_check::DIGEST, board, settings)
}

/// [`run`], if the self-check has this digest; a test has another.
pub fn run_if(
    digest: u32,
    board: Option<Board<impl Read + ReadReady + Write, impl OutputPin, impl NorFlash, impl Watchdog>>,
    settings: &'static Settings,
) -> ! {
    let Some(Board { name, mut serial, mut led, timer, flash, mut watchdog }) = board else {
        panic!("the board is taken once, here")
    };
    let (serial, led) = (AnyLine::new(&mut serial), AnyLed::new(&mut led));
    begin(digest, Board { name, serial, led, timer, flash, watchdog: &mut watchdog }, settings)
}

fn begin(digest: u32, mut board: AnyBoard<'_, impl NorFlash>, settings: &'static Settings) -> ! {
    check_for(digest, board.name, &mut board.timer);
    app::run(board, settings)
}

/// The self-check, which comes before any other work of a program.
pub fn check(name: &str, timer: &mut Timer) {
    check_for(self_check::DIGEST, name, timer);
}

/// The self-check; a real board also tells what its last step has cost. An emulator counts no cycles.
#[inline(never)] // nothing of it is on the stack of a training
fn check_for(digest: u32, name: &str, timer: &mut Timer) {
    let mut ticks = None;
    end::unless_ok(self_check::run(digest, |net, sample, sgd| {
        let mut loss = Ok(0.0);
        ticks = arch::ticks(timer, || loss = net.step(&sample.x, &sample.target, sgd));
        loss
    }));
    if let (false, Some(cycles)) = (cfg!(feature = "board"), ticks) {
        defmt::info!(
            "measured: {=str} | W5 | {=u32} cycles a step | digest {=u32:08x}",
            name,
            cycles,
            digest
        );
    }
}
