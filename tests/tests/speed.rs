//! What the benchmark of the host times: the same training in C, and the same bits at every width of vectors.

use anyhow::{Result, ensure};
use tamis::{Lanes, Network, Shape, lanes};
use tamis_firmware::workloads::{W1, W2, W3, W4, W5, Workload};
use tamis_speed::curve::is_moment;
use tamis_speed::plain;
use tamis_speed::simd::Level;
use tamis_speed::steps::{Training, multiply_adds};
use tamis_test_kit::bits;

const STEPS: u32 = 200;

#[test]
fn the_c_program_computes_the_same() -> Result<()> {
    ensure!(plain::has_compiler(), "there is no C compiler `cc`: nothing was compared");
    plain::check::<W1>()?;
    plain::check::<W2>()?;
    plain::check::<W3>()?;
    plain::check::<W4>()?;
    plain::check::<W5>()
}

/// Lane by lane, on each level that this core has.
fn lanes_are_scalars<W: Workload>() -> Result<()> {
    let alone = (0..8).map(|lane| -> Result<_> {
        let mut training = Training::<W, f32>::scalar(lane)?;
        let loss = training.run(STEPS, Level::Baseline)?;
        assert_ne!(training.params(), training.initial(), "{}: nothing moved", W::NAME);
        Ok((training, loss))
    });
    let alone = alone.collect::<Result<Vec<_>>>()?;
    let mut together = Training::<W, Lanes<8>>::lanes()?;
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let losses = together.run(STEPS, level)?;
        for (lane, (training, loss)) in alone.iter().enumerate() {
            let mut params = vec![0.0; W::Net::PARAMS];
            lanes::unpack(together.params(), lane, &mut params);
            assert_eq!(bits(&params), bits(training.params()), "{}, lane {lane}, {level}", W::NAME);
            assert_eq!(losses.0[lane].to_bits(), loss.to_bits(), "{}, lane {lane}, {level}", W::NAME);
        }
    }
    Ok(())
}

/// W4 and W5 are layers of these kinds, and smaller.
#[test]
fn lanes_have_the_bits_of_scalars_at_every_width_of_vectors() -> Result<()> {
    lanes_are_scalars::<W1>()?;
    lanes_are_scalars::<W2>()?;
    lanes_are_scalars::<W3>()
}

/// The scalar code too has the same bits where it is compiled for wide vectors.
#[test]
fn scalars_have_the_same_bits_at_every_width_of_vectors() -> Result<()> {
    let mut training = Training::<W2, f32>::scalar(0)?;
    training.run(STEPS, Level::Baseline)?;
    let baseline = bits(training.params());
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        training.run(STEPS, level)?;
        assert_eq!(bits(training.params()), baseline, "{level}");
    }
    Ok(())
}

#[test]
fn w1_has_three_multiply_adds_a_weight_but_for_the_first_layer() {
    assert_eq!(multiply_adds::<W1>(), 2 * 225 + 3 * (225 + 225 + 15));
    assert_eq!(<W1 as Workload>::Net::default().params(), 690);
}

#[test]
fn moments_of_a_curve_are_ten_in_a_decade() {
    let moments: Vec<_> = (0..=2000).filter(|&update| is_moment(update, 1999)).collect();
    let decade = [10, 12, 16, 20, 25, 32, 40, 50, 63, 80];
    let expected = [&[1, 2, 3, 4, 5, 6, 8][..], &decade, &decade.map(|update| 10 * update)].concat();
    assert_eq!(moments, [&expected[..], &[1000, 1200, 1600, 1999, 2000]].concat());
}
