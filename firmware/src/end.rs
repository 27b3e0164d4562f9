//! The end of a program under an emulator or debugger.

use core::fmt::Display;

use semihosting::process;

/// Ends with an exit code.
pub fn with(code: i32) -> ! {
    process::exit(code)
}

/// The value, or the end: the error goes to the log, the exit code is 1.
pub fn unless_ok<T, E: Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| {
        defmt::error!("{}", defmt::Display2Format(&error));
        with(1)
    })
}
