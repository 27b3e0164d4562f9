//! A training that goes on from a checkpoint has the bits of one that was never stopped, and whatever happens to power or
//! memory, the newest whole checkpoint is found, or none.

use anyhow::{Context, Result};
use tamis::checkpoint::{self, CheckpointError, Checkpoints, Found, Resumable};
use tamis::state::{State, Words};
use tamis::wire::Training;
use tamis::{
    ARITHMETIC_VERSION, AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, Plan, Ring, Rule, Seed, Sgd,
    Target, Task,
};
use tamis_bits::{Golden, Memory, golden};
use tamis_test_kit::crc_32;
use tamis_test_kit::flash::{Flash, NoPower, PAGE};
use tamis_test_kit::stops::{DESCRIPTION, end, task_with_stops, with_stops};
use tamis_test_kit::trainings::{start, train};

/// Over the pairwise cover of all options, stopped twice: early, and in the middle of an epoch.
#[test]
fn resumed_is_uninterrupted_with_every_option() {
    for (case, Golden { name, training, .. }) in golden().unwrap().into_iter().enumerate() {
        let stops = [1 + case as u32 % 7, 100 + (case as u32 * 37) % 120];
        let (whole, resumed) = task_with_stops(&training, &stops);
        assert_eq!(whole, resumed, "{name}");
    }
}

/// A ring keeps the last samples of a stream that cannot be had again.
#[test]
fn a_ring_keeps_its_samples() {
    let mut training = small(120);
    training.plan.data = Data::Ring { capacity: 9, visits: 4 };
    for stop in [1, 2, 35, 77] {
        // Leaked: each start of the training has rows of its own.
        let rows = || Vec::leak(vec![0.0; 9 * 6]);
        let ring = || Ring::new(training.plan.task, rows(), 5, 9, training.plan.task.seed).unwrap();
        let (whole, resumed) = with_stops(&training, ring, &[stop]);
        assert_eq!(whole, resumed, "stopped after {stop}");
        // One that is lent has a state as well.
        let (whole_again, resumed) = with_stops(&training, || Box::leak(Box::new(ring())), &[stop]);
        assert_eq!((&whole_again, &resumed), (&whole, &whole), "stopped after {stop}");
    }
}

/// A small network that is standardised and sees its samples shuffled.
fn small(updates: u32) -> Training {
    let specs = [LayerSpec::new(4, AnyActivation::Tanh), LayerSpec::new(1, AnyActivation::Identity)];
    let plan = Plan {
        seed: Seed(5),
        task: Task::plain(Target::Sine, 5, 2, 0.2, Seed(5)),
        data: Data::Shuffled(19),
        standardise: Some(4),
        label_noise: None,
        init: Init::scaled(1.0),
        batch: 2,
        sgd: Sgd::new(0.05).unwrap(),
        momentum: Some(0.5),
        pressed: None,
        updates,
        rule: Rule::Gap { least: 3.0 },
    };
    Training { layers: Layers::new(5, &specs).unwrap(), loss: AnyLoss::Mse, plan }
}

const SLOT: u32 = 2 * PAGE as u32;

/// The ring of checkpoints of a small training.
fn checkpoints(flash: Flash) -> Checkpoints<Flash> {
    Checkpoints::new(flash, SLOT).unwrap()
}

/// What there is to find in `flash`.
fn newest(flash: &Flash) -> Option<Found> {
    checkpoints(flash.clone()).newest().unwrap()
}

/// A small training with checkpoints after 10 and after 20 updates, and the digest of its end after 40.
fn two_checkpoints(slots: usize) -> (Training, Flash, u32) {
    let training = small(40);
    let mut memory = Memory::of(&training);
    let mut trainer = start(&training, &mut memory, training.plan.task);
    let mut checkpoints = checkpoints(Flash::new(2 * slots));
    for updates in [10, 20] {
        train(&mut trainer, updates);
        checkpoints.save(DESCRIPTION, &mut trainer).unwrap();
    }
    train(&mut trainer, 40);
    (training, checkpoints.into_flash(), trainer.digest())
}

/// The digest of the end, from what `flash` holds.
fn resumed(training: &Training, flash: Flash) -> (Option<Found>, u32) {
    let mut memory = Memory::of(training);
    let mut trainer = start(training, &mut memory, training.plan.task);
    let found = checkpoints(flash).load(DESCRIPTION, &mut trainer).unwrap();
    train(&mut trainer, training.plan.updates);
    (found, trainer.digest())
}

/// Cuts the power at every operation of a third checkpoint, `rounds` times with other chance: how many faults there were.
fn cut_everywhere(slots: usize, rounds: u64) -> u64 {
    let (training, flash, whole) = two_checkpoints(slots);
    let mut memory = Memory::of(&training);
    let mut trainer = start(&training, &mut memory, training.plan.task);
    checkpoints(flash.clone()).load(DESCRIPTION, &mut trainer).unwrap();
    train(&mut trainer, 30);
    let mut undisturbed = checkpoints(flash.clone());
    undisturbed.save(DESCRIPTION, &mut trainer).unwrap();
    let operations = undisturbed.into_flash().operations - flash.operations;
    let mut faults = 0;
    for round in 0..rounds {
        for power in 1..=operations {
            let mut checkpoints =
                checkpoints(Flash { power: Some(power), chance: round * 1_000_003 + power, ..flash.clone() });
            let saved = checkpoints.save(DESCRIPTION, &mut trainer);
            assert_eq!(
                saved,
                Err(CheckpointError::Flash(NoPower)),
                "power for {power} operations, the last cut off"
            );
            let after = Flash { power: None, ..checkpoints.into_flash() };
            let found = newest(&after).map(|found| found.updates);
            // The last word that was cut off may have all of its bits by chance.
            assert!(found == Some(20) || found == Some(30) && power == operations, "{found:?}, {power}");
            if round == 0 {
                assert_eq!(resumed(&training, after).1, whole);
            }
            faults += 1;
        }
    }
    faults
}

#[test]
fn power_may_be_lost_at_any_operation() {
    let faults = cut_everywhere(2, 20) + cut_everywhere(3, 8);
    println!("{faults} faults");
    assert!(faults > 4_000, "{faults}");
}

#[test]
#[ignore = "a minute: cargo verify --long"]
fn power_may_be_lost_a_million_times() {
    let faults = cut_everywhere(2, 7_000);
    println!("{faults} faults");
    assert!(faults > 1_000_000, "{faults}");
}

/// A training whose power fails every now and then, also while it saves, ends as if nothing had been.
#[test]
fn a_life_of_power_failures_ends_in_the_same_digest() {
    let training = small(400);
    let (_, whole) = resumed(&training, Flash::new(6));
    let (mut flash, mut lives, mut torn) = (Flash { chance: 99, ..Flash::new(6) }, 0, 0);
    let digest = loop {
        lives += 1;
        assert!(lives < 1_000, "nothing is kept from one life to the next");
        // Enough for a few checkpoints, or for none.
        flash.power = Some(1 + flash.chance % 700);
        let mut memory = Memory::of(&training);
        let mut trainer = start(&training, &mut memory, training.plan.task);
        let mut checkpoints = checkpoints(flash);
        checkpoints.load(DESCRIPTION, &mut trainer).unwrap();
        let fails = loop {
            if trainer.updates() == training.plan.updates {
                break false;
            }
            trainer.update().unwrap();
            if trainer.updates().is_multiple_of(2) && checkpoints.save(DESCRIPTION, &mut trainer).is_err() {
                break true;
            }
        };
        flash = checkpoints.into_flash();
        torn += u32::from(fails);
        if !fails {
            break trainer.digest();
        }
    };
    println!("{lives} lives, {torn} checkpoints cut off");
    assert!(torn > 50, "{torn}");
    assert_eq!(digest, whole);
    let (least, most) = (flash.erased.iter().min(), flash.erased.iter().max());
    assert!(
        most.zip(least).is_some_and(|(most, least)| *most < 2 * least),
        "every slot is worn alike: {:?}",
        flash.erased
    );
}

/// One bit, anywhere: the checkpoint it belongs to is gone and the other stands, or it belongs to none.
#[test]
fn any_flipped_bit_is_noticed() {
    let (training, flash, _) = two_checkpoints(2);
    let mut memory = Memory::of(&training);
    let mut trainer = start(&training, &mut memory, training.plan.task);
    // A last block that is not full is filled with ones, which belong to no checkpoint.
    let used = 32 + DESCRIPTION.len() as u32 + 4 * newest(&flash).unwrap().words;
    assert!(checkpoint::bytes_needed(DESCRIPTION.len(), &mut trainer) < SLOT);
    for slot in 0..2 {
        for bit in 0..8 * SLOT {
            let mut damaged = flash.clone();
            damaged.bytes[(slot * SLOT + bit / 8) as usize] ^= 1 << (bit % 8);
            let belongs = bit / 8 < used;
            let expected = if slot == 1 && belongs { 10 } else { 20 };
            assert_eq!(newest(&damaged).map(|found| found.updates), Some(expected), "slot {slot}, bit {bit}");
            if belongs {
                assert_eq!(checkpoints(damaged).look(slot), Ok(None), "slot {slot}, bit {bit}");
            }
        }
    }
}

#[test]
fn memory_without_a_checkpoint_has_none() {
    let mut flash = Flash::new(8);
    assert_eq!(newest(&flash), None);
    flash.bytes.fill(0);
    assert_eq!(newest(&flash), None);
    for (place, byte) in flash.bytes.iter_mut().enumerate() {
        *byte = (place as u32).wrapping_mul(2_654_435_761).to_le_bytes()[3];
    }
    assert_eq!(newest(&flash), None);
    // A header that claims all there is and more.
    for length in [1, 900, u32::MAX] {
        flash.bytes[..4].copy_from_slice(b"TMS1");
        flash.bytes[20..24].copy_from_slice(&length.to_le_bytes());
        flash.bytes[24..28].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(newest(&flash), None);
        flash.bytes[24..28].copy_from_slice(&1_u32.to_le_bytes());
        assert_eq!(newest(&flash), None);
    }
}

/// What was described and saved is read again without a training, a slot may be full to its last byte, and one is a half.
#[test]
fn a_slot_may_be_full() -> Result<()> {
    let training = small(10);
    let mut memory = Memory::of(&training);
    let mut trainer = start(&training, &mut memory, training.plan.task);
    let mut checkpoints = Checkpoints::halves(Flash::new(6))?;
    assert_eq!((checkpoints.slots(), checkpoints.room()), (2, 3 * PAGE as u32));
    // Behind a header of 32 bytes, and before the words of the state.
    let words = checkpoints.save(b"", &mut trainer)?.words as usize;
    let description: Vec<u8> = (0..3 * PAGE - 32 - 4 * words).map(|k| k as u8).collect();
    let longer = [&description[..], &[0]].concat();
    let refused = CheckpointError::TooLong { needed: 3 * PAGE as u32 + 32, given: 3 * PAGE as u32 };
    assert_eq!(checkpoints.save(&longer, &mut trainer), Err(refused));
    let description = &description[..];
    assert_eq!(checkpoint::bytes_needed(description.len(), &mut trainer), 3 * PAGE as u32);
    let found = checkpoints.save(description, &mut trainer)?;
    assert_eq!(checkpoints.newest()?, Some(found));
    let mut read = vec![0; description.len()];
    checkpoints.description(&found, &mut read)?;
    assert_eq!(read, description);
    let params: Vec<u8> = trainer.model().params().iter().flat_map(|param| param.to_le_bytes()).collect();
    let mut read = vec![0; params.len()];
    checkpoints.state(&found, &mut read)?;
    assert_eq!(read, params);
    checkpoints.erase()?;
    assert_eq!(checkpoints.newest()?, None);
    assert_eq!(Checkpoints::new(Flash::new(64), SLOT)?.slots(), 32);
    Ok(())
}

/// What has 64 bits is two words, the low one first.
#[test]
fn a_long_word_comes_back() -> Result<()> {
    struct Long(u64);
    impl State for Long {
        fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
            words.long(&mut self.0)
        }
    }
    impl Resumable for Long {
        fn updates(&self) -> u32 {
            1
        }

        fn digest(&self) -> u32 {
            2
        }
    }
    let mut checkpoints = checkpoints(Flash::new(4));
    let found = checkpoints.save(b"", &mut Long(0x0123_4567_89AB_CDEF))?;
    let mut bytes = [0; 8];
    checkpoints.state(&found, &mut bytes)?;
    assert_eq!(bytes, [0xEF, 0xCD, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01]);
    let mut long = Long(0);
    checkpoints.load(b"", &mut long)?;
    assert_eq!(long.0, 0x0123_4567_89AB_CDEF);
    Ok(())
}

/// Byte by byte what the documentation says.
#[test]
fn a_slot_is_laid_out_as_documented() -> Result<()> {
    assert_eq!(crc_32(b"123456789"), 0xCBF4_3926);
    let (training, flash, _) = two_checkpoints(2);
    let found = newest(&flash).context("nothing")?;
    let slot = &flash.bytes[SLOT as usize..];
    let word = |place: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| slot[4 * place + byte]));
    assert_eq!(&slot[..4], b"TMS1");
    let header = [ARITHMETIC_VERSION, 1, 20, found.digest, DESCRIPTION.len() as u32, found.words];
    assert_eq!([1, 2, 3, 4, 5, 6].map(word), header);
    assert_eq!(&slot[32..][..DESCRIPTION.len()], DESCRIPTION);
    let mut memory = Memory::of(&training);
    let mut trainer = start(&training, &mut memory, training.plan.task);
    train(&mut trainer, 20);
    let params: Vec<u8> = trainer.model().params().iter().flat_map(|param| param.to_le_bytes()).collect();
    assert_eq!(
        &slot[32 + DESCRIPTION.len()..][..params.len()],
        params,
        "the state begins with the parameters"
    );
    let body = &slot[32..][..DESCRIPTION.len() + 4 * found.words as usize];
    assert_eq!(word(7), crc_32(body.iter().chain(&slot[..28])));
    Ok(())
}

#[test]
fn another_training_is_refused_and_nothing_is_changed() {
    let (training, mut flash, _) = two_checkpoints(2);
    let refused = |training: &Training, flash: &Flash, description: &[u8]| {
        let mut memory = Memory::of(training);
        let mut trainer = start(training, &mut memory, training.plan.task);
        let before = end(&mut trainer);
        let error = checkpoints(flash.clone()).load(description, &mut trainer).err();
        assert_eq!((end(&mut trainer), trainer.updates()), (before, 0));
        error
    };
    assert_eq!(refused(&training, &flash, &DESCRIPTION[1..]), Some(CheckpointError::Other));
    let mut other = DESCRIPTION.to_vec();
    other[40] ^= 1;
    assert_eq!(refused(&training, &flash, &other), Some(CheckpointError::Other));
    let mut without_momentum = training.clone();
    without_momentum.plan.momentum = None;
    assert_eq!(refused(&without_momentum, &flash, DESCRIPTION), Some(CheckpointError::Other));
    // As if by another version, its checksum in order.
    let slot = SLOT as usize;
    let length = DESCRIPTION.len() + 4 * newest(&flash).unwrap().words as usize;
    flash.bytes[slot + 4] ^= 0x40;
    let crc = crc_32(flash.bytes[slot + 32..][..length].iter().chain(&flash.bytes[slot..][..28]));
    flash.bytes[slot + 28..][..4].copy_from_slice(&crc.to_le_bytes());
    let version = ARITHMETIC_VERSION ^ 0x40;
    assert_eq!(refused(&training, &flash, DESCRIPTION), Some(CheckpointError::Arithmetic(version)));
}

#[test]
fn memory_that_does_not_serve_is_refused() {
    let refused = |pages: usize, slot: u32| Checkpoints::new(Flash::new(pages), slot).err();
    assert_eq!(refused(4, 0), Some(CheckpointError::Alignment));
    assert_eq!(refused(4, 700), Some(CheckpointError::Alignment));
    assert_eq!(refused(3, SLOT), Some(CheckpointError::Slots));
    assert_eq!(refused(4, SLOT), None);
    let training = small(10);
    let mut memory = Memory::of(&training);
    let mut trainer = start(&training, &mut memory, training.plan.task);
    let mut checkpoints = checkpoints(Flash::new(4));
    let long = [7; SLOT as usize];
    let needed = checkpoint::bytes_needed(long.len(), &mut trainer);
    assert_eq!(checkpoints.save(&long, &mut trainer), Err(CheckpointError::TooLong { needed, given: SLOT }));
    let flash = checkpoints.into_flash();
    assert_eq!((flash.operations, flash.bytes), (0, vec![0xFF; 4 * PAGE]), "nothing is written");
}
