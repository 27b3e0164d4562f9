//! Proof by the linker that one pass over a stream cannot panic: as `no_panic.rs`, which fills the smallest flash.
#![no_std]
#![no_main]

mod proof;

use core::hint::black_box;

use proof::entry;
use static_cell::ConstStaticCell;
use tamis::one_pass::{OnePass, Settings};
use tamis::{Chain, Dense, Identity, Seed, Shadow, Tanh};

type Net = Chain<Dense<6, 5, Tanh>, Dense<5, 1, Identity>>;
type Pass<'a> = OnePass<'a, Net, 3>;

static MEMORY: ConstStaticCell<[f32; Pass::NUMBERS]> = ConstStaticCell::new([0.0; Pass::NUMBERS]);
static ROWS: ConstStaticCell<[[f32; 3]; 5]> = ConstStaticCell::new([[0.0; 3]; 5]);

/// Passes with each kind of shadow, no number of which the compiler can know.
fn passes() -> Option<()> {
    let (memory, rows) = (MEMORY.try_take()?, ROWS.try_take()?);
    for kind in black_box([0, 1, 2]) {
        let kept = rows.get_mut(..black_box(4))?;
        let shadow = match kind {
            0 => Shadow::Previous,
            1 => Shadow::Delay(kept),
            _ => Shadow::Reservoir(kept),
        };
        let settings = black_box(Settings { batch: 3, settle: 4, ..Settings::new(40, Seed(1)) });
        let mut pass = Pass::new(&settings, shadow, memory).ok()?;
        for _ in 0..black_box(50) {
            // A sample that is refused is a case of its own.
            black_box((pass.push(&black_box([0.1; 3]), black_box(0.5)).is_ok(), pass.progress()));
        }
        black_box((pass.findings(), pass.norms(), pass.params(), pass.screen().z(), pass.screen().visible()));
        black_box((pass.constant_inputs().count(), pass.has_constant_target()));
    }
    Some(())
}

#[entry]
fn main() -> ! {
    black_box(passes());
    loop {
        core::hint::spin_loop();
    }
}
