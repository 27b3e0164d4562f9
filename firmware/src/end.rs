//! The end of a program: under an emulator, with an exit code; on a real board nobody waits for one.

use core::fmt::Display;

/// Ends with an exit code.
#[cfg(feature = "board")]
#[inline(never)] // one place, where a debugger looks at what a whole run has done
pub fn with(code: i32) -> ! {
    semihosting::process::exit(code)
}

/// Starts again, all being well; else panics, which the board's program reports.
#[cfg(not(feature = "board"))]
pub fn with(code: i32) -> ! {
    match code {
        0 => crate::arch::reset(),
        _ => panic!("ended with code {code}"),
    }
}

/// The value, or the end: the error goes to the log, the exit code is 1.
pub fn unless_ok<T, E: Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| {
        defmt::error!("{}", defmt::Display2Format(&error));
        with(1)
    })
}
