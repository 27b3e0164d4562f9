//! `trainer` that hangs in its three hundredth update since it was switched on: the watchdog starts it again, and from a
//! checkpoint the training comes to its end.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use tamis_firmware::app::Settings;
use tamis_firmware::{board, entry, start};

/// In this update.
const UPDATE: u32 = 300;

static UPDATES: AtomicU32 = AtomicU32::new(0);

#[entry]
fn main() -> ! {
    start::run(board::take(), &Settings { after_update: hang, ..Settings::HONEST })
}

fn hang(_: u32, _: &mut [f32]) {
    let updates = UPDATES.load(Ordering::Relaxed) + 1;
    UPDATES.store(updates, Ordering::Relaxed);
    if updates == UPDATE {
        loop {
            cortex_m::asm::wfi(); // for an interrupt that does not come
        }
    }
}
