//! What the Picos share: all but the clock and the memory. Each calls its HAL `hal`.

use crate::hal::Clock as _;
use crate::hal::adc::{Adc, AdcPin};
use crate::hal::clocks::ClocksManager;
use crate::hal::fugit::{ExtU32, RateExtU32};
use crate::hal::gpio::Pins;
use crate::hal::i2c::I2C;
use crate::hal::pac::{ADC, I2C0, RESETS, UART0};
use crate::hal::uart::{DataBits, StopBits, UartConfig, UartPeripheral};
use crate::hal::watchdog::Watchdog;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use embedded_io::{Read, ReadReady, Write};
use tamis_firmware::arch::Timer;
use tamis_firmware::board::Board;
use tamis_firmware::motor::rig::Rig;
use tamis_firmware::sensors::{Analog, Clock};
use tamis_firmware::watchdog::{self, TERM_S};

/// The crystal, in Hz.
pub const CRYSTAL: u32 = 12_000_000;

/// What is wired to what.
pub struct Chip<F, C> {
    /// The pins.
    pub pins: Pins,
    /// The serial line.
    pub uart: UART0,
    /// The bus.
    pub bus: I2C0,
    /// The gauge.
    pub adc: ADC,
    /// The core's timer.
    pub timer: Timer,
    /// The watchdog.
    pub watchdog: Watchdog,
    /// The memory for checkpoints.
    pub flash: F,
    /// The time.
    pub clock: C,
}

impl<F, C: Clock + Clone> Chip<F, C> {
    /// UART0 on GP0 (out) and GP1 (in), pins 1 and 2; the green LED on GP25; I2C0 on GP4 (SDA) and GP5 (SCL),
    /// pins 6 and 7; the gauge on GP26, pin 31; the switch on GP22, pin 29, off when it is connected to
    /// ground.
    #[allow(clippy::type_complexity)]
    pub fn wire(
        self,
        name: &'static str,
        clocks: &ClocksManager,
        resets: &mut RESETS,
    ) -> Option<(
        Board<
            impl Read + ReadReady + Write + use<F, C>,
            impl OutputPin + use<F, C>,
            F,
            impl watchdog::Watchdog + use<F, C>,
        >,
        Rig<impl I2c + use<F, C>, impl Analog + use<F, C>, impl InputPin + use<F, C>, C>,
    )> {
        let Self { pins, uart, bus, adc, timer, mut watchdog, flash, clock } = self;
        let line = (pins.gpio0.into_function(), pins.gpio1.into_function());
        let settings = UartConfig::new(115_200.Hz(), DataBits::Eight, None, StopBits::One);
        let serial =
            UartPeripheral::new(uart, line, resets).enable(settings, clocks.peripheral_clock.freq()).ok()?;
        let led = pins.gpio25.into_push_pull_output();
        let (sda, scl) = (pins.gpio4.reconfigure(), pins.gpio5.reconfigure());
        let bus = I2C::i2c0(bus, sda, scl, 400.kHz(), resets, clocks.system_clock.freq());
        let mut adc = Adc::new(adc, resets);
        let mut pin = AdcPin::new(pins.gpio26.into_floating_input()).ok()?;
        let gauge = move || adc.read(&mut pin).ok().map(|level: u16| f32::from(level) / 4_095.0);
        let switch = pins.gpio22.into_pull_up_input();
        watchdog.start(TERM_S.secs());
        let watchdog = move || watchdog.feed();
        Some((Board { name, serial, led, timer, flash, watchdog }, Rig { bus, gauge, switch, clock }))
    }
}
