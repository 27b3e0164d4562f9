//! Losses and their slopes, against PyTorch in f64 (`reference/torch_losses.py`), and at the ends of the numbers.

use serde::Deserialize;
use tamis::{
    AnyLoss, BinaryCrossEntropy, Chain, Dense, Huber, Identity, Init, Loss, Model, Mse, Seed, Sgd, Shape,
    SoftmaxCrossEntropy, StepError, Tanh,
};

/// One loss of one sample.
#[derive(Deserialize)]
struct Case {
    loss: String,
    parameter: Option<f32>,
    y: Vec<f32>,
    target: Vec<f32>,
    value: f64,
    gradient: Vec<f64>,
}

fn evaluated(loss: impl Loss, y: &[f32], target: &[f32]) -> (f32, Vec<f32>) {
    let mut delta = vec![f32::NAN; y.len()];
    let value = loss.evaluate(y, target, &mut delta);
    (value, delta)
}

/// f32 against f64: an error of 2e-6 of the largest number in the case.
#[test]
fn losses_and_slopes_are_those_of_pytorch() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../reference/torch_losses.json")).unwrap();
    assert_eq!(cases.len(), 4 * 3 * 7);
    for Case { loss, parameter, y, target, value, gradient } in cases {
        let (found, slopes) = match (loss.as_str(), parameter) {
            ("mse", None) => evaluated(Mse, &y, &target),
            ("huber", Some(bound)) => evaluated(Huber::new(bound).unwrap(), &y, &target),
            ("binary", None) => evaluated(BinaryCrossEntropy, &y, &target),
            ("softmax", None) => evaluated(SoftmaxCrossEntropy, &y, &target),
            other => panic!("{other:?}"),
        };
        let scale = y.iter().chain(&target).fold(1.0_f64, |most, &v| most.max(f64::from(v).powi(2)));
        assert!((f64::from(found) - value).abs() < 2e-6 * scale, "{loss} {y:?} {target:?}: {found} {value}");
        for (&slope, exact) in slopes.iter().zip(gradient) {
            assert!((f64::from(slope) - exact).abs() < 2e-6 * scale.sqrt(), "{loss} {y:?}: {slope} {exact}");
        }
    }
}

#[test]
fn cross_entropies_stay_finite_on_large_logits() {
    for size in [110.0, 1e4, 1e30] {
        let (value, delta) = evaluated(BinaryCrossEntropy, &[size, -size], &[1.0, 0.0]);
        assert_eq!((value, delta), (0.0, vec![0.0, 0.0]));
        let (value, delta) = evaluated(SoftmaxCrossEntropy, &[-size, size, 0.0], &[1.0]);
        assert_eq!((value, delta), (0.0, vec![0.0, 0.0, 0.0]));
        // As wrong as can be: the loss is the distance.
        let (value, delta) = evaluated(SoftmaxCrossEntropy, &[-size, size], &[0.0]);
        assert_eq!((value, delta), (2.0 * size, vec![-1.0, 1.0]));
    }
}

/// At its bound the two halves of a Huber loss meet.
#[test]
fn a_huber_loss_is_continuous() {
    let huber = Huber::new(0.5).unwrap();
    for r in [-0.5_f32, 0.5] {
        let (value, delta) = evaluated(huber, &[r], &[0.0]);
        assert_eq!((value, delta), (0.125, vec![r]));
        let beyond = f32::from_bits(r.to_bits() + 1);
        let (value, delta) = evaluated(huber, &[beyond], &[0.0]);
        assert!((value - 0.125).abs() < 1e-7 && delta == [r]);
    }
    for bound in [f32::NAN, 0.0, -1.0, f32::INFINITY] {
        assert!(Huber::new(bound).is_err());
    }
}

/// A typed loss and one of a list say the same of their targets: which are measured numbers, and how many there are.
#[test]
fn targets_are_numbers_or_classes() {
    fn assert_is(loss: impl Loss, listed: AnyLoss, is_regression: bool, targets: usize) {
        assert_eq!((loss.is_regression(), loss.targets(5)), (is_regression, targets), "{listed:?}");
        assert_eq!((listed.is_regression(), listed.targets(5)), (is_regression, targets), "{listed:?}");
    }
    assert_is(Mse, AnyLoss::Mse, true, 5);
    assert_is(Huber::default(), AnyLoss::Huber(Huber::default()), true, 5);
    assert_is(BinaryCrossEntropy, AnyLoss::BinaryCrossEntropy, false, 5);
    assert_is(SoftmaxCrossEntropy, AnyLoss::SoftmaxCrossEntropy, false, 1);
}

type Classes = Chain<Dense<2, 6, Tanh>, Dense<6, 3, Identity>>;

#[test]
fn a_class_that_is_no_output_is_an_error() {
    let (mut params, mut scratch) = ([0.1; Classes::PARAMS], [0.0; Classes::SCRATCH]);
    let mut net = Model::<Classes, _>::with_loss(SoftmaxCrossEntropy, &mut params, &mut scratch);
    let sgd = Sgd::new(0.1).unwrap();
    for bad in [-1.0, 3.0, 0.5, f32::NAN, f32::INFINITY] {
        assert_eq!(net.step(&[0.5, 0.5], &[bad], &sgd), Err(StepError::Class));
    }
    assert_eq!((net.updates(), net.params()), (0, &[0.1; Classes::PARAMS][..]));
    for good in [0.0, -0.0, 1.0, 2.0] {
        assert!(net.step(&[0.5, 0.5], &[good], &sgd).is_ok());
    }
}

/// Three corners of a square, three classes: the network learns them all.
#[test]
fn softmax_learns_to_tell_classes_apart() {
    let (mut params, mut scratch) = ([0.0; Classes::PARAMS], [0.0; Classes::SCRATCH]);
    let mut net = Model::<Classes, _>::with_loss(SoftmaxCrossEntropy, &mut params, &mut scratch);
    net.init(Init::scaled(1.0), Seed(3)).unwrap();
    let sgd = Sgd::new(0.1).unwrap();
    let corners = [([0.0, 0.0], 0.0), ([1.0, 0.0], 1.0), ([0.0, 1.0], 2.0)];
    for _ in 0..1000 {
        for (x, class) in corners {
            net.step(&x, &[class], &sgd).unwrap();
        }
    }
    for (x, class) in corners {
        assert!(net.evaluate(&x, &[class]).unwrap() < 0.05);
        let y = net.predict(&x);
        let best = (0..3).max_by(|&a, &b| y[a].total_cmp(&y[b])).unwrap();
        assert_eq!(best, class as usize);
    }
}
