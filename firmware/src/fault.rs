//! The end of a run that panics or faults: a message in the log, and an exit code that is not zero.

use core::panic::PanicInfo;

use defmt_semihosting as _;

use crate::end;

/// The exit code of a panic, as on the host.
const PANICKED: i32 = 101;
/// The exit code of a fault.
const FAULTED: i32 = 102;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    end::with(PANICKED)
}

/// What a core's fault handler does; the fault is at `address`.
pub fn at(address: u32) -> ! {
    defmt::error!("fault at {=u32:#010x}", address);
    end::with(FAULTED)
}
