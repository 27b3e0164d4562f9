//! Time that goes on: `embedded-hal` can wait, but does not tell how late it is.

use core::cell::RefCell;

use embedded_hal::delay::DelayNs;

/// Waits, and tells the time.
pub trait Clock: DelayNs {
    /// Microseconds since some moment, modulo 2³².
    fn now_us(&mut self) -> u32;
}

/// One clock for all who need it.
pub struct Shared<'c, C>(&'c RefCell<C>);

impl<'c, C: Clock> Shared<'c, C> {
    /// Of this clock, which nobody borrows for longer than a look or a wait.
    pub fn new(clock: &'c RefCell<C>) -> Self {
        Self(clock)
    }
}

impl<C> Clone for Shared<'_, C> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<C: Clock> DelayNs for Shared<'_, C> {
    fn delay_ns(&mut self, ns: u32) {
        self.0.borrow_mut().delay_ns(ns);
    }

    fn delay_us(&mut self, us: u32) {
        self.0.borrow_mut().delay_us(us);
    }
}

impl<C: Clock> Clock for Shared<'_, C> {
    fn now_us(&mut self) -> u32 {
        self.0.borrow_mut().now_us()
    }
}

/// A counter of microseconds as a clock, which waits by looking at it. A counter that can be copied is one
/// clock for all.
#[derive(Clone, Copy)]
pub struct Counter<F>(pub F);

impl<F: FnMut() -> u32> DelayNs for Counter<F> {
    fn delay_ns(&mut self, ns: u32) {
        self.delay_us(ns.div_ceil(1_000));
    }

    fn delay_us(&mut self, us: u32) {
        let start = (self.0)();
        // The microsecond that has begun counts for nothing.
        while (self.0)().wrapping_sub(start) <= us {}
    }
}

impl<F: FnMut() -> u32> Clock for Counter<F> {
    fn now_us(&mut self) -> u32 {
        (self.0)()
    }
}
