//! Which inputs matter, found on the device in one pass over a stream.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tamis_firmware::one_pass::{self, INPUTS, Outcome, Pass, ROWS, Rows, Stream};
use tamis_firmware::{end, entry};

const _: () = assert!(Pass::STATE_BYTES <= 3_300); // checked by the compiler: all that grows with the inputs

static MEMORY: ConstStaticCell<[f32; Pass::NUMBERS]> = ConstStaticCell::new([0.0; Pass::NUMBERS]);
static SHADOWS: ConstStaticCell<Rows> = ConstStaticCell::new([[0.0; INPUTS]; ROWS]);

#[entry]
fn main() -> ! {
    let (memory, rows) = (MEMORY.take(), SHADOWS.take());
    defmt::info!("{=usize} bytes", Pass::STATE_BYTES);
    for stream in Stream::ALL {
        let outcome = one_pass::run(stream, memory, rows, |sample, digest| {
            defmt::info!("sample {=u32} digest {=u32:08x}", sample, digest);
        });
        let Outcome { digest, findings } = end::unless_ok(outcome);
        defmt::info!("{} digest {=u32:08x} {}", stream, digest, findings);
    }
    end::with(0)
}
