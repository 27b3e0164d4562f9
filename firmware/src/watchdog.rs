//! A watchdog that is fed by progress: by each update of a training, by each sample of a selection, and, where nothing is
//! under way, by each look at the silent line. What hangs in between is started again by the hardware, and its work goes
//! on from the last checkpoint.

use core::cell::RefCell;

/// So many seconds may pass without progress, on every board.
pub const TERM_S: u32 = 8;

/// Starts the program again, unless it is fed in time. `embedded-hal` 1.0 has no trait for it.
pub trait Watchdog {
    /// Begins a new term.
    fn feed(&mut self);
}

impl<F: FnMut()> Watchdog for F {
    fn feed(&mut self) {
        self();
    }
}

/// The watchdog of a board that has none, or whose emulator has none.
pub struct NoWatchdog;

impl Watchdog for NoWatchdog {
    fn feed(&mut self) {}
}

/// One watchdog for all who feed it.
pub struct Bowl<'w>(RefCell<&'w mut dyn Watchdog>);

impl<'w> Bowl<'w> {
    /// Of this watchdog.
    pub fn new(watchdog: &'w mut dyn Watchdog) -> Self {
        Self(RefCell::new(watchdog))
    }

    /// Begins a new term.
    pub fn feed(&self) {
        // Nobody feeds it while somebody does.
        if let Ok(mut watchdog) = self.0.try_borrow_mut() {
            watchdog.feed();
        }
    }
}
