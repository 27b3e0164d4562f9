//! Cortex-M: the sensor has PendSV, the timer is SysTick.

use cortex_m::asm;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
pub use cortex_m_rt::entry;
use cortex_m_rt::exception;

use crate::sensor;

/// The core's timer.
pub type Timer = SYST;

/// The timer counts down 24 bits.
const RELOAD: u32 = 0x00ff_ffff;

/// The ticks that `work` takes; nothing if it takes more than the timer can count.
pub fn ticks(timer: &mut Timer, work: impl FnOnce()) -> Option<u32> {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(RELOAD);
    timer.clear_current();
    timer.enable_counter();
    // It takes a tick to load; that counts as a wrap, and reading the flag clears it.
    while SYST::get_current() == 0 {}
    timer.has_wrapped();
    let before = SYST::get_current();
    work();
    let after = SYST::get_current();
    let wrapped = timer.has_wrapped(); // before anything else reads the flag away
    timer.disable_counter();
    if wrapped { None } else { before.checked_sub(after) }
}

/// Interrupts, for the sensor; it has been served when this returns.
pub fn interrupt() {
    SCB::set_pendsv();
    // Served before the next instruction: pended twice, it would deliver twice.
    asm::dsb();
    asm::isb();
}

#[exception]
fn PendSV() {
    sensor::deliver();
}

/// Faults, by an undefined instruction.
pub fn fault() -> ! {
    asm::udf()
}

/// Starts the program again.
pub fn reset() -> ! {
    SCB::sys_reset()
}

// `cortex-m-rt` asks for the keyword; nothing unsafe is done. On a real board the debugger sees the fault.
#[cfg(feature = "board")]
#[allow(unsafe_code)]
#[exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    crate::fault::at(frame.pc())
}
