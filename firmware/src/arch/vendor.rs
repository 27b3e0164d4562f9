//! RISC-V under a vendor's HAL, which has the start-up code, the entry and the interrupts. The sensor is
//! called, the timer is what the board counts cycles by.

use crate::sensor;

/// The cycles since some moment.
pub type Timer = fn() -> u64;

/// The ticks that `work` takes; nothing if they do not fit.
pub fn ticks(timer: &mut Timer, work: impl FnOnce()) -> Option<u32> {
    let before = timer();
    work();
    timer().checked_sub(before)?.try_into().ok()
}

/// In place of an interrupt, for the sensor; it has been served when this returns.
pub fn interrupt() {
    sensor::deliver();
}

/// Starts the program again: nobody feeds the watchdog any more.
pub fn reset() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
