//! The application: the resident program of the kernel on a board, its log, its LED.

use embedded_hal::digital::OutputPin;
use embedded_storage::nor_flash::NorFlash;
use static_cell::ConstStaticCell;
use tamis::ARITHMETIC_VERSION;
use tamis::checkpoint::Checkpoints;
use tamis::resident::{Resident, State, Surroundings};

use crate::arch::{self, Timer};
use crate::board::Board;
use crate::board::erased::AnyBoard;
use crate::end;
use crate::line::Line;
use crate::sensor::{self, Queue};
use crate::watchdog::Bowl;

/// How many numbers networks, options and samples may have together: what demo C needs with 256 stored
/// samples of eight inputs and a target. With debug assertions a program needs more stack, and has room for less.
const NUMBERS: usize = if cfg!(debug_assertions) { 1700 } else { 2740 };
/// How many samples can be shuffled.
const INDICES: usize = 256;

static ARENA: ConstStaticCell<[f32; NUMBERS]> = ConstStaticCell::new([0.0; NUMBERS]);
static ORDER: ConstStaticCell<[u16; INDICES]> = ConstStaticCell::new([0; INDICES]);
static QUEUE: ConstStaticCell<Queue> = ConstStaticCell::new(Queue::new());

/// What one program does otherwise than another.
pub struct Settings {
    /// How many rows the sensor delivers at a time; more than the queue holds is an overrun.
    pub burst: u32,
    /// Called after every update with the number of updates and the parameters. The programs that test the
    /// cross-check damage them here.
    pub after_update: fn(u32, &mut [f32]),
}

impl Settings {
    /// As it should be.
    pub const HONEST: Self = Self { burst: 4, after_update: |_, _| {} };
}

/// Serves requests until one says exit.
pub fn run(board: AnyBoard<'_, impl NorFlash>, settings: &'static Settings) -> ! {
    let Board { name, serial, led, timer, flash, watchdog } = board;
    let watchdog = Bowl::new(watchdog);
    defmt::info!("tamis on {=str}, arithmetic version {=u32}", name, ARITHMETIC_VERSION);
    let mut resident = Resident {
        board: name,
        arena: ARENA.take(),
        indices: ORDER.take(),
        sensor: sensor::connect(QUEUE.take(), settings.burst),
        checkpoints: Checkpoints::halves(flash).ok(),
        surroundings: Around { led, timer, watchdog: &watchdog, settings },
    };
    resident.run(&mut Line::new(serial, &watchdog));
    defmt::info!("exit");
    end::with(0)
}

/// The board around the resident program.
struct Around<'w, L> {
    led: L,
    timer: Timer,
    watchdog: &'w Bowl<'w>,
    settings: &'static Settings,
}

impl<L: OutputPin> Surroundings for Around<'_, L> {
    fn after_update(&mut self, update: u32, params: &mut [f32]) {
        self.watchdog.feed();
        (self.settings.after_update)(update, params);
    }

    fn after_sample(&mut self) {
        self.watchdog.feed();
    }

    fn show(&mut self, state: State<'_>) {
        // An LED that does not obey is no reason to stop.
        match state {
            State::Training(updates) => {
                defmt::debug!("trains from update {=u32} on", updates);
                let _ = self.led.set_low();
            }
            State::Ended { updates, digest, is_exact } => {
                defmt::info!(
                    "{=u32} updates, digest {=u32:08x}, support found: {=bool}",
                    updates,
                    digest,
                    is_exact
                );
                if is_exact {
                    let _ = self.led.set_high();
                }
            }
            State::Refused(reason) => defmt::warn!("refused: {=str}", reason),
        }
    }

    fn ticks(&mut self, work: impl FnOnce()) -> Option<u32> {
        arch::ticks(&mut self.timer, work)
    }
}
