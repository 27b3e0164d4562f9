//! A part of a flash memory as a memory of its own: places are counted from its start, and the rest is never
//! touched.

use embedded_storage::nor_flash::{NorFlash, NorFlashErrorKind, ReadNorFlash};
use tamis_firmware::region::Region;
use tamis_test_kit::flash::{Flash, NoPower, PAGE};

const LENGTH: u32 = 2 * PAGE as u32;

/// The second and third of four pages, and what is in the memory after `work` on them.
fn after<T>(work: impl FnOnce(&mut Region<&mut Flash>) -> T) -> (T, Flash) {
    let mut flash = Flash::new(4);
    flash.bytes.fill(0);
    let done = work(&mut Region::new(&mut flash, PAGE as u32, LENGTH));
    (done, flash)
}

#[test]
fn a_region_is_a_memory_and_leaves_the_rest_alone() -> Result<(), NorFlashErrorKind> {
    let (done, flash) = after(|region| {
        assert_eq!(region.capacity(), LENGTH as usize);
        region.erase(0, LENGTH)?;
        region.write(PAGE as u32, &[1, 2, 3, 4])?;
        let mut bytes = [0; 8];
        region.read(PAGE as u32 - 4, &mut bytes)?;
        Ok(bytes)
    });
    assert_eq!(done?, [0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
    assert_eq!(flash.erased, [0, 1, 1, 0]);
    assert!(flash.bytes[..PAGE].iter().chain(&flash.bytes[3 * PAGE..]).all(|&byte| byte == 0));
    Ok(())
}

#[test]
fn what_is_not_in_it_is_refused() {
    let ((), flash) = after(|region| {
        let outside = Err(NorFlashErrorKind::OutOfBounds);
        assert_eq!(region.read(LENGTH - 3, &mut [0; 4]), outside);
        assert_eq!(region.write(LENGTH, &[0; 4]), outside);
        assert_eq!(region.erase(0, LENGTH + PAGE as u32), outside);
        assert_eq!(region.erase(4, LENGTH), Err(NorFlashErrorKind::NotAligned));
        assert_eq!(region.write(2, &[0; 4]), Err(NorFlashErrorKind::NotAligned));
    });
    assert_eq!(flash.operations, 0);
}

#[test]
fn its_errors_are_those_of_the_memory() {
    let mut flash = Flash::new(4);
    flash.power = Some(0);
    assert_eq!(flash.erase(0, PAGE as u32), Err(NoPower));
    let mut region = Region::new(&mut flash, PAGE as u32, LENGTH);
    assert_eq!(region.erase(0, LENGTH), Err(NorFlashErrorKind::Other));
}
