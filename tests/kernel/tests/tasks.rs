//! Synthetic tasks: pure functions of (seed, index), with the statistics and targets that the contract
//! states.
//!
//! Statistics against those of the normal distribution, targets against sums and sines in f64.

use tamis::task::{TEST_ROWS, TEST_SET};
use tamis::{Labels, NoSample, Samples, Seed, Stored, Target, Task, TaskError};
use tamis_test_kit::{bits, literal};

const INPUTS: usize = 6;
const PROBES: usize = 8;
const WIDTH: usize = INPUTS + PROBES;
const ROWS: u64 = 10_000;

fn task(target: Target) -> Task {
    let relevant = if target == Target::Noise { 0 } else { 3 };
    Task::plain(target, INPUTS as u16, relevant, 0.5, Seed(4))
}

/// Inputs with probes, and the target.
type Row = (Vec<f32>, f32);

fn row(task: &Task, index: u64) -> Row {
    let mut x = vec![f32::NAN; WIDTH];
    let target = task.row(index, &mut x);
    (x, target)
}

fn test_row(task: &Task, index: u64) -> Row {
    let mut x = vec![f32::NAN; WIDTH];
    let target = task.test_row(index, &mut x);
    (x, target)
}

/// What the target is without noise, in f64.
fn exact(task: &Task, x: &[f32]) -> f64 {
    let x: Vec<f64> = x[..usize::from(task.relevant)].iter().map(|&x| f64::from(x)).collect();
    match (task.target, &x[..]) {
        (Target::Noise, []) => 0.0,
        (Target::Linear, &[x1, x2, x3]) => x1 + x2 + x3,
        (Target::Uneven, &[x1, x2, x3]) => x1 + x2 / 2.0 + x3 / 4.0,
        (Target::Sine, &[x1, x2, x3]) => (x1 + x2 + x3).sin(),
        (Target::Relu, &[x1, x2, x3]) => (x1 - x2 - x3).max(0.0),
        (Target::Product, &[x1, x2, x3]) => x1 * x2 * x3,
        (Target::Xor, &[x1, x2, x3]) => x1.signum() * x2.signum() * x3.signum(),
        (Target::Staircase, &[x1, x2, x3]) => x1 + x1 * x2 + x1 * x2 * x3,
        other => panic!("{other:?}"),
    }
}

const ALL: [Target; 8] = Target::ALL;

#[test]
fn rows_depend_on_seed_and_index_alone() {
    for target in ALL {
        let task = task(target);
        let up: Vec<_> = (0..50).map(|index| row(&task, index)).collect();
        let mut down: Vec<_> = (0..50).rev().map(|index| row(&task, index)).collect();
        down.reverse();
        for ((x, y), (x_again, y_again)) in up.iter().zip(&down) {
            assert_eq!((bits(x), y.to_bits()), (bits(x_again), y_again.to_bits()));
        }
        let other = Task { seed: Seed(5), ..task };
        assert_ne!(bits(&row(&other, 0).0), bits(&up[0].0));
        assert_ne!(bits(&up[0].0), bits(&up[1].0));
    }
}

#[test]
fn noise_and_target_move_no_input() {
    let quiet = Task { noise: 0.0, ..task(Target::Linear) };
    for index in 0..50 {
        let inputs = ALL.map(|target| bits(&row(&task(target), index).0));
        assert!(inputs.iter().all(|x| *x == bits(&row(&quiet, index).0)));
    }
}

/// Mean, deviation and fourth moment of a sample of normals, each within 4 standard errors.
fn assert_normal(name: &str, values: &[f64]) {
    let n = values.len() as f64;
    let moment = |k| values.iter().map(|v| v.powi(k)).sum::<f64>() / n;
    assert!(moment(1).abs() < 4.0 / n.sqrt(), "{name}: mean {}", moment(1));
    assert!((moment(2) - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{name}: variance {}", moment(2));
    assert!((moment(4) - 3.0).abs() < 4.0 * (96.0 / n).sqrt(), "{name}: fourth moment {}", moment(4));
}

#[test]
fn inputs_and_noise_are_standard_normals_and_independent() {
    for target in ALL {
        let task = task(target);
        let rows: Vec<_> = (0..ROWS).map(|index| row(&task, index)).collect();
        let mut columns: Vec<Vec<f64>> =
            (0..INPUTS).map(|input| rows.iter().map(|(x, _)| f64::from(x[input])).collect()).collect();
        let noise = |(x, y): &Row| (f64::from(*y) - exact(&task, x)) / f64::from(task.noise);
        columns.push(rows.iter().map(noise).collect());
        for (k, column) in columns.iter().enumerate() {
            assert_normal(&format!("{target:?}, column {k}"), column);
            for (l, other) in columns[..k].iter().enumerate() {
                let product = column.iter().zip(other).map(|(a, b)| a * b).sum::<f64>() / ROWS as f64;
                assert!(
                    product.abs() < 4.5 / (ROWS as f64).sqrt(),
                    "{target:?}, columns {k}, {l}: {product}"
                );
            }
        }
    }
}

/// Three terms of at most about 4: sums round by 1e-6, and so does the argument of the sine. Products are larger,
/// and round by as much of their size.
#[test]
fn test_rows_have_no_noise() {
    for target in ALL {
        let task = task(target);
        let quiet = Task { noise: 0.0, ..task };
        for index in 0..TEST_ROWS {
            let (x, y) = test_row(&task, index);
            let exact = exact(&task, &x);
            assert!((f64::from(y) - exact).abs() < 1e-6 * exact.abs().max(1.0), "{target:?}: {y} {exact}");
            let (x_of_stream, y_of_stream) = row(&quiet, TEST_SET + index);
            assert_eq!(bits(&x), bits(&x_of_stream));
            assert_eq!(y, y_of_stream);
        }
    }
    assert_eq!((TEST_SET, TEST_ROWS), (1 << 31, 1024), "as the contract states");
}

#[test]
fn probes_are_signs_balanced_and_related_to_nothing() {
    let task = task(Target::Linear);
    let rows: Vec<_> = (0..ROWS).map(|index| row(&task, index)).collect();
    let bound = 4.5 * (ROWS as f64).sqrt();
    let sum = |of: &dyn Fn(&Row) -> f32| rows.iter().map(|row| f64::from(of(row))).sum::<f64>();
    for probe in INPUTS..WIDTH {
        assert!(rows.iter().all(|(x, _)| x[probe].abs() == 1.0));
        assert!(sum(&|(x, _)| x[probe]).abs() < bound, "probe {probe} is not balanced");
        // The target's variance is 3 + 0.25.
        assert!(sum(&|(x, y)| x[probe] * y).abs() < bound * 3.25_f64.sqrt(), "probe {probe} and the target");
        for other in 0..probe {
            assert!(sum(&|(x, _)| x[probe] * x[other]).abs() < bound, "probes or inputs {probe}, {other}");
        }
    }
}

#[test]
fn a_stored_set_gives_back_the_bits_of_the_rows() {
    const SAMPLES: usize = 20;
    for target in ALL {
        let mut task = task(target);
        let mut memory = [0.0; SAMPLES * (INPUTS + 1)];
        let mut stored = Stored::new(&mut memory, INPUTS, task.seed);
        assert!(stored.is_empty());
        for index in 0..SAMPLES as u64 {
            let (x, y) = row(&task, index);
            stored.push(&x, y).unwrap();
        }
        assert_eq!(stored.len(), SAMPLES);
        for index in (0..SAMPLES as u64).rev() {
            let sample = |samples: &mut dyn Samples| {
                let (mut x, mut y) = ([f32::NAN; WIDTH], [f32::NAN]);
                samples.sample(index, &mut x, &mut y).unwrap();
                (bits(&x), bits(&y))
            };
            let (x, y) = row(&task, index);
            assert_eq!(sample(&mut stored), (bits(&x), bits(&[y])));
            assert_eq!(sample(&mut task), (bits(&x), bits(&[y])));
        }
        let missing = SAMPLES as u64;
        assert_eq!(stored.sample(missing, &mut [0.0; WIDTH], &mut [0.0]), Err(NoSample(missing)));
    }
}

/// A normal number is exactly zero, or minus zero, once in millions. In these rows one is; xor takes it for positive.
#[test]
fn a_zero_among_the_inputs_is_as_in_the_transcription() {
    for index in [2_526_468, 5_342_831, 9_897_294] {
        for target in ALL {
            for relevant in [1, 2] {
                let relevant = if target == Target::Noise { 0 } else { relevant };
                let task = Task::plain(target, 2, relevant, 0.0, Seed(3));
                let mut x = [f32::NAN; 2];
                let y = task.row(index, &mut x);
                let (x_expected, expected) = literal::task::row(&task, index, 2);
                assert!(x.contains(&0.0), "{x:?}");
                assert_eq!(
                    (bits(&x), y.to_bits()),
                    (bits(&x_expected), expected.to_bits()),
                    "{task:?} {index}"
                );
            }
        }
    }
    // Minus zero is not less than zero. No noise is added to it here.
    let relu = Task::plain(Target::Relu, 2, 1, 0.0, Seed(3));
    assert_eq!(
        relu.test_row(9_897_294_u64.wrapping_sub(TEST_SET), &mut [0.0; 2]).to_bits(),
        (-0.0_f32).to_bits()
    );
}

/// The names are those of reports and of the command line.
#[test]
fn targets_have_names() {
    let names = ALL.map(Target::name);
    assert_eq!(names, ["linear", "uneven", "sine", "relu", "product", "xor", "staircase", "noise"]);
}

/// Rows k and k + m share inputs, f and noise, of which one has the negative; probes are of the visit. What lies
/// beyond 2 m is a row of its own.
#[test]
fn mirrored_rows_have_opposite_noise() {
    const APART: u32 = 7;
    for target in ALL {
        let plain = task(target);
        let mirrored = Task { labels: Labels::Mirrored(APART), ..plain };
        let quiet = Task { noise: 0.0, ..plain };
        for k in 0..u64::from(APART) {
            let ((x, y), (x_of_pair, y_of_pair)) = (row(&mirrored, k), row(&mirrored, k + u64::from(APART)));
            assert_eq!((bits(&x), y.to_bits()), (bits(&row(&plain, k).0), row(&plain, k).1.to_bits()));
            assert_eq!(bits(&x[..INPUTS]), bits(&x_of_pair[..INPUTS]));
            let probes = &row(&plain, k + u64::from(APART)).0[INPUTS..];
            assert_eq!(bits(&x_of_pair[INPUTS..]), bits(probes));
            let f = row(&quiet, k).1;
            let middle = (f64::from(y) + f64::from(y_of_pair)) / 2.0;
            assert!((middle - f64::from(f)).abs() < 1e-6 * f64::from(f.abs().max(1.0)), "{target:?} {k}");
            assert!(y != y_of_pair);
        }
        for k in [14, 15, 1000, TEST_SET] {
            let ((x, y), (x_plain, y_plain)) = (row(&mirrored, k), row(&plain, k));
            assert_eq!((bits(&x), y.to_bits()), (bits(&x_plain), y_plain.to_bits()));
        }
        let ((x, y), (x_plain, y_plain)) = (test_row(&mirrored, 3), test_row(&plain, 3));
        assert_eq!((bits(&x), y.to_bits()), (bits(&x_plain), y_plain.to_bits()), "the test set has no pairs");
    }
}

/// A class is an interval of length 1 of f + n, c of them around 0; the first and the last have no end.
#[test]
fn classes_are_intervals_around_zero() {
    for target in ALL {
        for classes in [2, 3, 7] {
            let plain = task(target);
            let labelled = Task { labels: Labels::Classes(classes), ..plain };
            let mut seen = vec![false; classes.into()];
            for k in 0..2000 {
                for ((x, class), (x_plain, y)) in [
                    (row(&labelled, k), row(&plain, k)),
                    (test_row(&labelled, k % TEST_ROWS), test_row(&plain, k % TEST_ROWS)),
                ] {
                    assert_eq!(bits(&x), bits(&x_plain));
                    let least = f64::from(class) - f64::from(classes) / 2.0;
                    let y = f64::from(y);
                    let is_first = class == 0.0 && y < least + 1.0 + 1e-6;
                    let is_last = class == f32::from(classes) - 1.0 && y > least - 1e-6;
                    let is_between = y > least - 1e-6 && y < least + 1.0 + 1e-6;
                    assert!(is_first || is_last || is_between, "{y} is not of class {class} of {classes}");
                    seen[class as usize] = true;
                }
            }
            // The three classes in the middle are within reach of every target.
            let (from, to) = ((seen.len() - 1) / 2, seen.len() / 2);
            assert!(
                seen[from.saturating_sub(1)..=(to + 1).min(seen.len() - 1)].iter().all(|&seen| seen),
                "{target:?}"
            );
        }
    }
}

#[test]
fn tasks_that_make_no_sense_are_refused() {
    let linear = task(Target::Linear);
    assert_eq!(linear.check(INPUTS), Ok(()));
    assert_eq!(linear.check(INPUTS - 1), Err(TaskError::Inputs));
    assert_eq!(Task { inputs: 0, relevant: 0, ..linear }.check(INPUTS), Err(TaskError::Inputs));
    assert_eq!(Task { relevant: 7, ..linear }.check(INPUTS), Err(TaskError::Relevant));
    assert_eq!(Task { relevant: 1, ..task(Target::Noise) }.check(INPUTS), Err(TaskError::Relevant));
    for labels in [Labels::Mirrored(0), Labels::Classes(0), Labels::Classes(1)] {
        assert_eq!(Task { labels, ..linear }.check(INPUTS), Err(TaskError::Labels));
    }
    for noise in [f32::NAN, f32::INFINITY, -0.5] {
        assert_eq!(Task { noise, ..linear }.check(INPUTS), Err(TaskError::Noise));
    }
}
