//! What does not fit: full-batch gradient descent on 8-h-1 keeps a gradient and its 256 samples, beside what
//! `fits_step.rs` keeps.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tamis::{
    Batch, Chain, Dense, Identity, Init, Model, Samples, Seed, Sgd, Shape, Stored, Tanh, Target, Task,
};
use tamis_firmware::{end, entry, sizes};

const SAMPLES: u32 = 256;

type Net = Chain<Dense<8, { sizes::HIDDEN }, Tanh>, Dense<{ sizes::HIDDEN }, 1, Identity>>;
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);
static GRADIENT: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static ROWS: ConstStaticCell<[f32; SAMPLES as usize * 9]> = ConstStaticCell::new([0.0; SAMPLES as usize * 9]);

#[entry]
fn main() -> ! {
    let mut net = Model::<Net>::new(PARAMS.take(), SCRATCH.take());
    end::unless_ok(net.init(Init::scaled(1.0), Seed(1)));
    let sgd = end::unless_ok(Sgd::new(0.005));
    let task = Task::plain(Target::Sine, 8, 2, 0.3, Seed(1));
    let mut stored = Stored::new(ROWS.take(), 8, Seed(1));
    let (mut x, mut target) = ([0.0; 8], [0.0]);
    for k in 0..SAMPLES {
        target[0] = task.row(k.into(), &mut x);
        end::unless_ok(stored.push(&x, target[0]));
    }
    let mut batch = end::unless_ok(Batch::<Net>::new(GRADIENT.take(), SAMPLES));
    for _ in 0..sizes::UPDATES {
        for k in 0..SAMPLES {
            end::unless_ok(stored.sample(k.into(), &mut x, &mut target));
            end::unless_ok(net.accumulate(&x, &target, &mut batch));
        }
        defmt::info!("loss {}", net.apply(&mut batch, &sgd));
    }
    end::with(0)
}
