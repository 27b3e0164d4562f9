//! What fits: SGD with a batch of one trains 8-h-1 in the RAM of the board, h given by `TAMIS_HIDDEN` when it
//! is built.
//!
//! `fits_gd.rs` is the same with a stored set, and does not link where this does.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tamis::{Chain, Dense, Digest, Identity, Init, Model, Seed, Sgd, Shape, Tanh, Target, Task};
use tamis_firmware::{end, entry, sizes};

type Net = Chain<Dense<8, { sizes::HIDDEN }, Tanh>, Dense<{ sizes::HIDDEN }, 1, Identity>>;
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);

#[entry]
fn main() -> ! {
    let mut net = Model::<Net>::new(PARAMS.take(), SCRATCH.take());
    end::unless_ok(net.init(Init::scaled(1.0), Seed(1)));
    let sgd = end::unless_ok(Sgd::new(0.005));
    let task = Task::plain(Target::Sine, 8, 2, 0.3, Seed(1));
    let mut digest = Digest::new();
    for k in 0..sizes::UPDATES {
        let mut x = [0.0; 8];
        let target = task.row(k, &mut x);
        end::unless_ok(net.step(&x, &[target], &sgd));
        digest.update(net.params());
    }
    defmt::info!("digest {=u32:08x}", digest.value());
    end::with(0)
}
