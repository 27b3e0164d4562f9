//! Sets the float unit to take subnormal results for zero, as some start-up code does, and begins: the network is not
//! initialised, and says why.
#![no_std]
#![no_main]

use cortex_m::register::fpscr;
use static_cell::ConstStaticCell;
use tamis::{Chain, Dense, Identity, Init, Model, Seed, Shape, Tanh};
use tamis_firmware::{end, entry};

type Net = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>;
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);

#[entry]
fn main() -> ! {
    let mut flushing = fpscr::read();
    flushing.set_fz(true);
    // SAFETY: no float is under way; what the bit changes is what is to be found out.
    #[allow(unsafe_code)]
    unsafe {
        fpscr::write(flushing);
    }
    let mut net = Model::<Net>::new(PARAMS.take(), SCRATCH.take());
    end::unless_ok(net.init(Init::scaled(1.0), Seed(1)));
    end::with(0)
}
