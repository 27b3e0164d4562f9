//! What the boards with an nRF52 share. Each calls its HAL `hal`.

use hal::gpio::{Floating, Input, Output, Pin, PushPull};
use hal::nvmc::Nvmc;
use hal::pac::{NVMC, SAADC, TIMER0, TWIM0, UARTE0, WDT};
use hal::saadc::{Channel, Saadc, SaadcConfig};
use hal::timer::{Periodic, Timer};
use hal::twim::{self, Frequency, Twim};
use hal::uarte::{Baudrate, Parity, Pins, Uarte, UarteRx, UarteTx};
use hal::wdt::count::One;
use hal::wdt::{Parts, Watchdog};
use static_cell::{ConstStaticCell, StaticCell};
use tamis_firmware::board::serial::Halves;
use tamis_firmware::sensors::{Analog, Clock, Counter};
use tamis_firmware::watchdog::{self, TERM_S};

/// UARTE0.
pub type Line = Halves<UarteRx<UARTE0>, UarteTx<UARTE0>>;

/// A byte at a time each way: the driver takes what fills its buffer exactly.
static SENT: ConstStaticCell<[u8; 1]> = ConstStaticCell::new([0]);
static RECEIVED: ConstStaticCell<[u8; 1]> = ConstStaticCell::new([0]);
/// The time, for all who ask.
static TIMER: StaticCell<Timer<TIMER0, Periodic>> = StaticCell::new();

/// The serial line on these pins, out and in.
pub fn line(uart: UARTE0, txd: Pin<Output<PushPull>>, rxd: Pin<Input<Floating>>) -> Option<Line> {
    let pins = Pins { txd, rxd, cts: None, rts: None };
    let uart = Uarte::new(uart, pins, Parity::EXCLUDED, Baudrate::BAUD115200);
    let (writer, reader) = uart.split(SENT.take(), RECEIVED.take()).ok()?;
    Some(Halves { reader, writer })
}

/// The watchdog. It goes on through a reset by a debugger, and is taken over then.
pub fn watchdog(chip: WDT) -> Option<impl watchdog::Watchdog> {
    let Parts { handles: (mut handle,), .. } = match Watchdog::try_new(chip) {
        Ok(mut watchdog) => {
            watchdog.set_lfosc_ticks(32_768 * TERM_S - 1);
            watchdog.activate::<One>()
        }
        Err(running) => Watchdog::try_recover::<One>(running).ok()?,
    };
    Some(move || handle.pet())
}

/// The pages that `memory.x` keeps for checkpoints.
pub fn checkpoints(chip: NVMC) -> Nvmc<NVMC> {
    let (start, length) = crate::CHECKPOINTS;
    // SAFETY: the linker gives these pages to nothing, and there is one NVMC, so that they are lent once.
    #[allow(unsafe_code)]
    let pages = unsafe { core::slice::from_raw_parts_mut(start as *mut u8, length) };
    Nvmc::new(chip, pages)
}

/// The bus on these pins, at 400 kHz.
pub fn bus(chip: TWIM0, sda: Pin<Input<Floating>>, scl: Pin<Input<Floating>>) -> Twim<TWIM0> {
    Twim::new(chip, twim::Pins { scl, sda }, Frequency::K400)
}

/// A pin of the ADC, as a share of the supply: 14 bits, the mean of eight.
pub fn gauge(chip: SAADC, mut pin: impl Channel) -> impl Analog {
    let mut adc = Saadc::new(chip, SaadcConfig::default());
    move || adc.read_channel(&mut pin).ok().map(|level| f32::from(level.max(0)) / 16_383.0)
}

/// Microseconds. Cleared when it comes to 0, which is where it starts again: modulo 2³².
pub fn clock(chip: TIMER0) -> impl Clock + Clone {
    let mut timer = Timer::periodic(chip);
    timer.start(0);
    let timer: &Timer<_, _> = TIMER.init(timer);
    Counter(move || timer.read())
}
