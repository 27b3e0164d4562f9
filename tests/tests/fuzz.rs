//! Bytes from outside: the corpora, and a fixed number of changes of them, the same in every run.

use std::fs;
use std::ops::RangeInclusive;

use anyhow::{Context, Result, ensure};
use rand_xoshiro::Xoshiro128PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use tamis_tests::fuzz::{TARGETS, corpora, folder};

/// The files of a corpus, by name.
fn corpus(target: &str) -> Result<Vec<Vec<u8>>> {
    let folder = folder(target);
    let files = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut paths = files.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().map(|path| fs::read(path).with_context(|| path.display().to_string())).collect()
}

/// Up to four changes of one file: bits, bytes, numbers that are all ones, parts cut out, doubled or taken from another.
fn changed(corpus: &[Vec<u8>], chance: &mut Xoshiro128PlusPlus) -> Vec<u8> {
    let mut below = |n: usize| chance.next_u32() as usize % n.max(1);
    let mut bytes = corpus[below(corpus.len())].clone();
    for _ in 0..=below(4) {
        let at = below(bytes.len());
        let end = bytes.len().min(at + 1 + below(16));
        match below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
            1 if !bytes.is_empty() => bytes[at] = below(256) as u8,
            2 => bytes[at..end].fill(0xff),
            3 => drop(bytes.drain(at..end)),
            4 => bytes.truncate(at),
            5 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let other = &corpus[below(corpus.len())];
                let from = below(other.len());
                let part = other[from..other.len().min(from + 64)].to_vec();
                bytes.splice(at..end, part);
            }
        }
    }
    bytes
}

/// Each target on its corpus and on changes of it, with each of the seeds. It is known to reach both sides: some bytes are
/// accepted, and some are refused.
fn fuzz(seeds: RangeInclusive<u64>) -> Result<()> {
    for (target, accepts, runs) in TARGETS {
        let corpus = corpus(target)?;
        let [mut all, mut accepted] = [0; 2];
        let mut run = |bytes: &[u8]| {
            all += 1;
            accepted += u32::from(accepts(bytes));
        };
        corpus.iter().for_each(|bytes| run(bytes));
        for seed in seeds.clone() {
            let mut chance = Xoshiro128PlusPlus::seed_from_u64(seed);
            (0..runs).for_each(|_| run(&changed(&corpus, &mut chance)));
        }
        println!("{target}: {all} inputs, {accepted} accepted, {} refused", all - accepted);
        ensure!(0 < accepted && accepted < all, "{target}: {accepted} of {all} accepted");
    }
    Ok(())
}

#[test]
fn bytes_from_outside_do_no_harm() -> Result<()> {
    fuzz(1..=1)
}

#[test]
#[ignore = "minutes; cargo verify --long"]
fn nor_do_many_more() -> Result<()> {
    fuzz(2..=60)
}

/// The committed corpora are what the encoders make; with TAMIS_WRITE they are written.
#[test]
fn corpora_are_those_of_our_encoders() -> Result<()> {
    let is_to_write = std::env::var_os("TAMIS_WRITE").is_some();
    for (target, name, bytes) in corpora()? {
        let path = folder(target).join(name);
        if is_to_write {
            fs::create_dir_all(folder(target))?;
            fs::write(&path, &bytes)?;
        }
        let there = fs::read(&path).with_context(|| path.display().to_string())?;
        ensure!(there == bytes, "{} is not what is encoded now", path.display());
    }
    Ok(())
}
