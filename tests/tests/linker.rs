//! The linker as a judge: no panic is reachable from the kernel, and what does not fit does not link.

use std::process::Output;

use anyhow::{Context, Result};
use tamis::{Chain, Dense, Digest, Identity, Init, Model, Seed, Sgd, Shape, Tanh, Target, Task};
use tamis_host::machine::Machine;
use tamis_host::tools::{self, Profile};
use tamis_host::{fits, log};

/// The cores of the proof: hard float and soft float.
const PROOFS: [Machine; 2] = [Machine::MpsAn386, Machine::Microbit];

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn no_panic_is_reachable() -> Result<()> {
    assert_no_panic_is_reachable(&PROOFS)
}

#[test]
#[ignore = "minutes; cargo verify --long"]
fn nor_is_one_on_other_cores() -> Result<()> {
    assert_no_panic_is_reachable(&[Machine::MpsAn505, Machine::RiscvVirt])
}

fn assert_no_panic_is_reachable(machines: &[Machine]) -> Result<()> {
    for &machine in machines {
        let output = tools::firmware_build(Profile::Release, machine, "no_panic")?
            .args([
                "--bin",
                "no_panic_one_pass",
                "--bin",
                "no_panic_checkpoint",
                "--bin",
                "no_panic_resident",
            ])
            .output()?;
        assert!(output.status.success(), "a proof does not link for {machine}\n{}", stderr(&output));
    }
    Ok(())
}

#[test]
fn the_proof_can_fail() -> Result<()> {
    for machine in PROOFS {
        let output = tools::firmware_build(Profile::Release, machine, "panicky")?
            .args(["--features", "must-not-link"])
            .output()?;
        assert!(!output.status.success(), "{machine}: a program that panics has linked");
        assert!(stderr(&output).contains("undefined symbol: a_panic_is_reachable"), "{}", stderr(&output));
    }
    Ok(())
}

/// On the micro:bit's 16 KiB, SGD trains a network, to the bits that the host gets, for which full-batch gradient
/// descent with its stored samples does not link; and the table's size is the largest.
#[test]
fn a_batch_of_one_fits_where_gradient_descent_does_not() -> Result<()> {
    const HIDDEN: usize = 296;
    let fit = fits::fit(16);
    assert_eq!(fit.batch_1, Some(HIDDEN));
    assert!(fit.gd_256_stored < fit.batch_1);
    let build = |program, hidden: usize| {
        let mut build = tools::firmware_build(Profile::Release, Machine::Microbit, program)?;
        build.env("TAMIS_HIDDEN", hidden.to_string());
        tools::build_and_keep(Profile::Release, Machine::Microbit, program, &mut build)
    };

    let too_large = build("fits_step", HIDDEN + 1)?;
    assert!(
        stderr(&too_large).contains("less RAM is left for the stack than the program needs"),
        "{}",
        stderr(&too_large)
    );
    let gd = build("fits_gd", HIDDEN)?;
    assert!(!gd.status.success() && stderr(&gd).contains("will not fit in region 'RAM'"), "{}", stderr(&gd));
    let gd = build("fits_gd", fit.gd_256_stored.context("GD fits at no size")?)?;
    assert!(gd.status.success(), "{}", stderr(&gd));

    let sgd = build("fits_step", HIDDEN)?;
    assert!(sgd.status.success(), "{}", stderr(&sgd));
    let elf = tools::elf_path(Profile::Release, Machine::Microbit, "fits_step");
    let (status, messages) = log::run_to_end(Machine::Microbit, &elf)?;
    assert!(status.success(), "{status}, {messages:?}");
    type Net = Chain<Dense<8, HIDDEN, Tanh>, Dense<HIDDEN, 1, Identity>>;
    assert_eq!(Net::RAM_BYTES, fits::ram(HIDDEN).total());
    assert_eq!(messages, [format!("INFO digest {:08x}", hundred_steps::<Net>()?)]);
    Ok(())
}

/// What `fits_step` does, on the host.
fn hundred_steps<N: Shape<In = tamis::shape::Width<8>, Out = tamis::shape::Width<1>>>() -> Result<u32> {
    let (mut params, mut scratch) = (vec![0.0; N::PARAMS], vec![0.0; N::SCRATCH]);
    let mut net = Model::<N>::from_slices(&mut params, &mut scratch)?;
    net.init(Init::scaled(1.0), Seed(1))?;
    let sgd = Sgd::new(0.005)?;
    let task = Task::plain(Target::Sine, 8, 2, 0.3, Seed(1));
    let mut digest = Digest::new();
    for k in 0..100 {
        let mut x = [0.0; 8];
        let target = task.row(k, &mut x);
        net.step(&x, &[target], &sgd)?;
        digest.update(net.params());
    }
    Ok(digest.value())
}
