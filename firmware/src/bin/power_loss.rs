//! Trains, loses its power in the middle of a checkpoint, starts again, and goes on from the last whole one: the digest at
//! the end is that of a training that was never disturbed.
#![no_std]
#![no_main]

use cortex_m::peripheral::SCB;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use static_cell::ConstStaticCell;
use tamis::checkpoint::Checkpoints;
use tamis::{Lent, Mse};
use tamis_firmware::board::{self, Flash};
use tamis_firmware::power_loss::{self, DESCRIPTION, EVERY, NUMBERS, Net, SAMPLES};
use tamis_firmware::{end, entry};

static ARENA: ConstStaticCell<[f32; NUMBERS]> = ConstStaticCell::new([0.0; NUMBERS]);
static ORDER: ConstStaticCell<[u16; SAMPLES as usize]> = ConstStaticCell::new([0; SAMPLES as usize]);

/// Two pages of the flash memory.
const SLOT: u32 = 2 * Flash::ERASE_SIZE as u32;

#[entry]
fn main() -> ! {
    let plan = end::unless_ok(power_loss::plan());
    let lent = Lent { arena: ARENA.take(), indices: ORDER.take() };
    let mut training = end::unless_ok(plan.start::<Net, _, _>(Mse, lent, plan.task));
    let Some(flash) = board::take_flash() else { panic!("the flash memory is taken once, here") };
    let mut checkpoints = end::unless_ok(Checkpoints::new(Failing { flash, left: u32::MAX }, SLOT));
    let found = end::unless_ok(checkpoints.load(DESCRIPTION, &mut training));
    let sequence = found.map_or(0, |found| found.sequence);
    defmt::info!("goes on from update {=u32}", training.updates());
    let mut flash = checkpoints.into_flash();
    flash.left = 1_500 + 137 * sequence % 400; // two or three checkpoints, and a part of one
    let mut checkpoints = end::unless_ok(Checkpoints::new(flash, SLOT));
    while training.updates() < plan.updates {
        end::unless_ok(training.update());
        if training.updates().is_multiple_of(EVERY) {
            end::unless_ok(checkpoints.save(DESCRIPTION, &mut training));
        }
    }
    defmt::info!("{=u32} updates, digest {=u32:08x}", training.updates(), training.digest());
    end::with(0)
}

/// Flash memory whose power goes after so many words.
struct Failing {
    flash: Flash,
    left: u32,
}

impl Failing {
    fn one(&mut self) {
        self.left -= 1;
        if self.left == 0 {
            SCB::sys_reset();
        }
    }
}

impl ErrorType for Failing {
    type Error = <Flash as ErrorType>::Error;
}

impl ReadNorFlash for Failing {
    const READ_SIZE: usize = Flash::READ_SIZE;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Self::Error> {
        self.flash.read(at, into)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Failing {
    const WRITE_SIZE: usize = Flash::WRITE_SIZE;
    const ERASE_SIZE: usize = Flash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.one();
        self.flash.erase(from, to)
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        for (word, at) in bytes.chunks(Self::WRITE_SIZE).zip((at..).step_by(Self::WRITE_SIZE)) {
            self.one();
            self.flash.write(at, word)?;
        }
        Ok(())
    }
}
