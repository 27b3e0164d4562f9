//! The ticks of a piece of work, by the core's timer.
//!
//! Under QEMU's `-icount` time goes on with every instruction, by a fixed amount, so ticks are instructions in
//! another unit and repeat exactly.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// The timer counts down 24 bits.
const RELOAD: u32 = 0x00ff_ffff;

/// The ticks that `work` takes; nothing if it takes more than the timer can count.
pub fn ticks(timer: &mut SYST, work: impl FnOnce()) -> Option<u32> {
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
