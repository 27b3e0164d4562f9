//! What the boards with an STM32F4 share. Each calls its HAL `hal`.

use embedded_hal_nb::serial::{Read as _, Write as _};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use hal::adc::Adc;
use hal::adc::config::{AdcConfig, Clock as AdcClock, SampleTime};
use hal::flash::{FlashExt, UnlockedFlash};
use hal::hal_02::adc::Channel;
use hal::pac::{ADC1, DBGMCU, FLASH, IWDG, TIM2};
use hal::prelude::*;
use hal::rcc::Rcc;
use hal::serial::{Instance, Serial};
use hal::timer::CounterUs;
use hal::watchdog::IndependentWatchdog;
use static_cell::StaticCell;
use tamis_firmware::board::serial;
use tamis_firmware::sensors::{Analog, Clock, Counter};
use tamis_firmware::watchdog::{TERM_S, Watchdog};

/// Where checkpoints are kept: address and bytes, as in `memory.x`. Sectors 1 and 2, which are small and
/// quickly erased, behind the vectors in sector 0; the code comes after them.
const CHECKPOINTS: (u32, u32) = (0x0800_4000, 32 * 1024);
const SECTOR: u32 = 16 * 1024;

static FLASH_MEMORY: StaticCell<FLASH> = StaticCell::new();
/// The time, for all who ask.
static TIMER: StaticCell<CounterUs<TIM2>> = StaticCell::new();

/// A USART.
pub struct Usart<U: Instance>(pub Serial<U>);

impl<U: Instance> serial::Uart for Usart<U> {
    fn receive(&mut self) -> Option<u8> {
        self.0.read().ok()
    }

    fn send(&mut self, byte: u8) -> bool {
        self.0.write(byte).is_ok()
    }
}

/// The watchdog; it waits while a debugger does.
pub fn watchdog(chip: IWDG, debugger: &DBGMCU) -> impl Watchdog + use<> {
    let mut watchdog = IndependentWatchdog::new(chip);
    watchdog.stop_on_debug(debugger, true);
    watchdog.start((1_000 * TERM_S).millis());
    move || watchdog.feed()
}

/// The sectors of the checkpoints, each to be erased alone: the HAL's own pages are the largest sectors, of
/// 128 KiB.
pub struct Sectors(UnlockedFlash<'static>);

/// The memory for checkpoints.
pub fn checkpoints(chip: FLASH) -> Sectors {
    // The cache of data would keep what has been erased.
    chip.acr().modify(|_, w| w.dcen().clear_bit());
    Sectors(FLASH_MEMORY.init(chip).unlocked())
}

impl ErrorType for Sectors {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Sectors {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, at, into.len())?;
        self.0.read(SECTOR + at, into).map_err(|error| error.kind())
    }

    fn capacity(&self) -> usize {
        CHECKPOINTS.1 as usize
    }
}

impl NorFlash for Sectors {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        (1 + from / SECTOR..1 + to / SECTOR)
            .try_for_each(|sector| self.0.erase(sector as u8))
            .map_err(|error| error.kind())
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, at, bytes.len())?;
        self.0.write(SECTOR + at, bytes).map_err(|error| error.kind())
    }
}

/// A pin of the ADC, as a share of the supply, in 12 bits.
pub fn gauge<P: Channel<ADC1, ID = u8>>(chip: ADC1, pin: P, clocks: &mut Rcc) -> impl Analog + use<P> {
    let settings = AdcConfig::default().clock(AdcClock::Pclk2_div_4);
    let mut adc = Adc::new(chip, true, settings, clocks);
    move || Some(f32::from(adc.convert(&pin, SampleTime::Cycles_144)) / 4_095.0)
}

/// Microseconds; it leaves one out each time that it starts again.
pub fn clock(chip: TIM2, clocks: &mut Rcc) -> Option<impl Clock + Clone + use<>> {
    let mut timer = chip.counter_us(clocks);
    timer.start(u32::MAX.micros()).ok()?;
    let timer: &CounterUs<_> = TIMER.init(timer);
    Some(Counter(move || timer.now().ticks()))
}
