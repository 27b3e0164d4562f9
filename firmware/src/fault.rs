//! The end of a run that panics or faults: a message in the log, and an exit code that is not zero.

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};
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

// `cortex-m-rt` asks for the keyword; nothing unsafe is done.
#[allow(unsafe_code)]
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    defmt::error!("hard fault at {:#010x}", frame.pc());
    end::with(FAULTED)
}
