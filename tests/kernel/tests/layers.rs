//! Shapes known at run time: the bits of typed networks, and errors where those would not compile.

use tamis::{
    AnyActivation, AnyLoss, Arena, Batch, BinaryCrossEntropy, Chain, Clip, Data, Dense, Huber, Identity,
    Init, LayerSpec, Layers, LayersError, LengthError, Lent, Loss, Model, Momentum, Mse, Network, NoBias,
    Plan, PlanError, Proximal, Relu, Rule, Seed, Sgd, Shape, SoftmaxCrossEntropy, StepError, Takes, Tanh,
    Target, Task, WeightDecay,
};
use tamis_test_kit::oracle::{Function, Spec};
use tamis_test_kit::{Row, bits, net, numbers, rows};

/// The list of a typed network, by way of the oracle's.
fn layers(specs: &[Spec]) -> Layers {
    let layer = |spec: &Spec| LayerSpec {
        outputs: spec.outputs as u16,
        activation: match spec.function {
            Function::Identity => AnyActivation::Identity,
            Function::Relu => AnyActivation::Relu,
            Function::LeakyRelu => AnyActivation::LeakyRelu,
            Function::Sigmoid => AnyActivation::Sigmoid,
            Function::Tanh => AnyActivation::Tanh,
        },
        has_bias: spec.has_bias,
    };
    let list: Vec<_> = specs.iter().map(layer).collect();
    Layers::new(specs[0].inputs as u16, &list).unwrap()
}

/// Calls `$check::<N>(&specs)` for typed networks of one to four layers.
macro_rules! for_every_net {
    ($check:ident) => {
        for_every_net!($check:
            1 1 Identity Bias; 5 3 Identity NoBias; 6 4 Relu Bias, 4 2 Identity Bias; 7 3 Sigmoid NoBias; 3 17 Tanh Bias;
            17 2 Tanh NoBias, 2 3 Identity NoBias; 8 16 Tanh Bias, 16 1 Identity Bias;
            17 1 Tanh NoBias, 1 17 Relu Bias; 9 11 LeakyRelu NoBias, 11 6 Sigmoid Bias, 6 2 Identity Bias;
            4 10 Relu Bias, 10 7 Identity NoBias, 7 13 Tanh Bias, 13 3 Identity Bias
        )
    };
    ($check:ident: $($($i:tt $o:tt $f:tt $b:tt),+);+) => {
        $($check::<net!(type $($i $o $f $b),+)>(&net!(list $($i $o $f $b),+));)+
    };
}

/// Settings with every option.
fn everything() -> Sgd {
    let sgd = Sgd::new(0.02).unwrap().warm_up(3).unwrap().clip(Clip::Norm(0.9)).unwrap();
    let sgd = sgd.weight_decay(WeightDecay::coupled(0.01).first(0.02).output(0.005).biases(0.01)).unwrap();
    sgd.proximal(Proximal::group(0.03).every(2)).unwrap()
}

/// A model that is trained one by one and in batches, with momentum and without, whether its shape is a type or a list.
trait Trained {
    /// The losses that come of one more sample, as bits.
    fn learn(&mut self, step: usize, row: &Row) -> Vec<Result<u32, StepError>>;
    fn state(&self) -> (u32, Vec<u32>);
}

struct Learner<'a, N, L> {
    model: Model<'a, N, L>,
    plain: Sgd,
    momentum: Momentum<'a, N>,
    batch: Batch<'a, N>,
}

impl<N: Network, L: Loss> Trained for Learner<'_, N, L> {
    fn learn(&mut self, step: usize, Row { x, target }: &Row) -> Vec<Result<u32, StepError>> {
        let mut losses = vec![match step % 3 {
            0 => self.model.step_slices(x, target, &self.plain),
            1 => self.model.step_slices(x, target, &mut self.momentum),
            _ => self.model.accumulate_slices(x, target, &mut self.batch),
        }];
        if self.batch.is_complete() {
            losses.push(self.model.apply(&mut self.batch, &mut self.momentum));
        }
        losses.into_iter().map(|loss| loss.map(f32::to_bits)).collect()
    }

    fn state(&self) -> (u32, Vec<u32>) {
        (self.model.updates(), bits(self.model.params()))
    }
}

/// Trains both and compares all bits after every sample.
fn assert_same<N: Shape, L: Takes<N::Last> + Default>(specs: &[Spec], loss: AnyLoss, samples: &[Row]) {
    let layers = layers(specs);
    assert_eq!((layers.params(), layers.units(), layers.inputs()), (N::PARAMS, N::UNITS, specs[0].inputs));
    let listed: Vec<_> = layers.layers().collect();
    assert_eq!(listed, N::default().layers().collect::<Vec<_>>());

    assert_same_slopes::<N>(&layers);

    let numbers = || vec![0.0; N::PARAMS];
    let (mut params, mut scratch, mut velocity, mut gradient) =
        (numbers(), vec![0.0; N::SCRATCH], numbers(), numbers());
    let mut typed = Learner {
        model: Model::<N, L>::from_slices(&mut params, &mut scratch).unwrap(),
        plain: Sgd::new(0.03).unwrap(),
        momentum: Momentum::over(&N::default(), everything(), 0.6, &mut velocity).unwrap(),
        batch: Batch::from_slice(&mut gradient, 3).unwrap(),
    };
    let (mut params, mut scratch, mut velocity, mut gradient) =
        (numbers(), vec![0.0; N::SCRATCH], numbers(), numbers());
    let mut listed = Learner {
        model: Model::of_layers(layers.clone(), loss, &mut params, &mut scratch).unwrap(),
        plain: typed.plain,
        momentum: Momentum::over(&layers, everything(), 0.6, &mut velocity).unwrap(),
        batch: Batch::over(&layers, &mut gradient, 3).unwrap(),
    };
    let init = Init::xavier().with_biases(0.2);
    typed.model.init(init, Seed(3)).unwrap();
    listed.model.init(init, Seed(3)).unwrap();
    let (typed, listed): (&mut dyn Trained, &mut dyn Trained) = (&mut typed, &mut listed);
    for (step, row) in samples.iter().enumerate() {
        assert_eq!(typed.learn(step, row), listed.learn(step, row), "{layers}, {loss:?}, step {step}");
        assert_eq!(typed.state(), listed.state(), "{layers}, {loss:?}, step {step}");
    }
}

/// dL/dx is the same too.
fn assert_same_slopes<N: Shape>(layers: &Layers) {
    let (params, delta) = (numbers(5, N::PARAMS), numbers(6, N::UNITS));
    let [mut typed, mut listed] = [(); 2].map(|()| vec![0.0; layers.inputs()]);
    N::default().backward_input(&params, &delta, &mut typed);
    layers.backward_input(&params, &delta, &mut listed);
    assert_eq!(bits(&typed), bits(&listed), "{layers}");
    assert!(typed.iter().all(|&slope| slope != 0.0), "{typed:?}");
}

fn by_regression<N: Shape>(specs: &[Spec]) {
    let (inputs, outputs) = (specs[0].inputs, specs[specs.len() - 1].outputs);
    assert_same::<N, Mse>(specs, AnyLoss::Mse, &rows(4, 60, inputs, outputs));
}

#[test]
fn a_list_has_the_bits_of_a_type() {
    for_every_net!(by_regression);
}

/// However the chains of a type are nested.
#[test]
fn a_list_has_the_bits_of_chains_of_chains() {
    type First = Chain<Dense<4, 10, Relu>, Dense<10, 7, Identity, NoBias>>;
    type Last = Chain<Dense<7, 13, Tanh>, Dense<13, 3, Identity>>;
    let specs = net!(list 4 10 Relu Bias, 10 7 Identity NoBias, 7 13 Tanh Bias, 13 3 Identity Bias);
    by_regression::<Chain<First, Last>>(&specs);
    by_regression::<Chain<Chain<First, Dense<7, 13, Tanh>>, Dense<13, 3, Identity>>>(&specs);
}

#[test]
fn a_list_has_the_bits_of_a_type_with_other_losses_too() {
    type Net = net!(type 6 9 Tanh Bias, 9 4 Identity Bias);
    let specs = net!(list 6 9 Tanh Bias, 9 4 Identity Bias);
    let mut samples = rows(4, 60, 6, 4);
    assert_same::<Net, Huber>(&specs, AnyLoss::Huber(Huber::default()), &samples);
    samples.iter_mut().flat_map(|row| &mut row.target).for_each(|t| *t = t.abs());
    assert_same::<Net, BinaryCrossEntropy>(&specs, AnyLoss::BinaryCrossEntropy, &samples);
    samples.iter_mut().enumerate().for_each(|(k, row)| row.target = vec![(k % 4) as f32]);
    assert_same::<Net, SoftmaxCrossEntropy>(&specs, AnyLoss::SoftmaxCrossEntropy, &samples);
}

fn linear(outputs: u16) -> LayerSpec {
    LayerSpec::new(outputs, AnyActivation::Identity)
}

/// The names are those of reports and of the command line.
#[test]
fn layers_and_their_parts_have_names() {
    let list = [LayerSpec::new(6, AnyActivation::Tanh), linear(3).without_bias()];
    let layers = Layers::new(14, &list).unwrap();
    assert_eq!(layers.to_string(), "14-6-3");
    assert_eq!(layers.params(), 6 * 14 + 6 + 3 * 6);
    let names = AnyActivation::ALL.map(AnyActivation::name);
    assert_eq!(names, ["identity", "relu", "leaky_relu", "sigmoid", "tanh"]);
    let losses = [
        AnyLoss::Mse,
        AnyLoss::Huber(Huber::default()),
        AnyLoss::BinaryCrossEntropy,
        AnyLoss::SoftmaxCrossEntropy,
    ];
    let names = losses.map(|loss| loss.name());
    assert_eq!(names, ["mse", "huber", "binary_cross_entropy", "softmax_cross_entropy"]);
}

#[test]
fn what_is_no_network_is_refused() {
    assert_eq!(Layers::new(3, &[]), Err(LayersError::Empty));
    assert_eq!(Layers::new(3, &[linear(2); 9]), Err(LayersError::TooMany));
    assert!(Layers::new(3, &[linear(2); 8]).is_ok());
    assert_eq!(Layers::new(0, &[linear(2)]), Err(LayersError::Width(0)));
    assert_eq!(Layers::new(3, &[linear(2), linear(0), linear(1)]), Err(LayersError::Width(1)));
}

#[test]
fn a_loss_that_does_not_go_with_the_last_layer_is_refused() {
    let tanh = Layers::new(3, &[LayerSpec::new(2, AnyActivation::Tanh)]).unwrap();
    let (mut params, mut scratch) = ([0.75; 8], [0.0; 4]);
    for loss in [AnyLoss::BinaryCrossEntropy, AnyLoss::SoftmaxCrossEntropy] {
        let error = Model::of_layers(tanh.clone(), loss, &mut params, &mut scratch).err();
        assert_eq!(error, Some(LayersError::Logits));
    }
    assert!(Model::of_layers(tanh, AnyLoss::Mse, &mut params, &mut scratch).is_ok());
    assert_eq!(params, [0.75; 8]);
}

#[test]
fn a_wrong_width_is_an_error_and_nothing_is_written() {
    let layers = Layers::new(3, &[linear(2)]).unwrap();
    let (mut params, mut scratch, sgd) = ([0.5; 8], [0.0; 4], Sgd::new(0.1).unwrap());
    let mut net = Model::of_layers(layers.clone(), AnyLoss::Mse, &mut params, &mut scratch).unwrap();
    for width in [0, 2, 4] {
        assert_eq!(net.step_slices(&vec![1.0; width], &[0.0; 2], &sgd), Err(StepError::InputWidth));
        assert_eq!(net.predict_slices(&vec![1.0; width], &mut [0.0; 2]), Err(StepError::InputWidth));
    }
    for width in [0, 1, 3] {
        assert_eq!(net.step_slices(&[1.0; 3], &vec![0.0; width], &sgd), Err(StepError::TargetWidth));
        assert_eq!(net.predict_slices(&[1.0; 3], &mut vec![0.0; width]), Err(StepError::TargetWidth));
    }
    let mut of_another = [0.0; 3];
    let one = Layers::new(2, &[linear(1)]).unwrap();
    let mut momentum = Momentum::over(&one, sgd, 0.9, &mut of_another).unwrap();
    assert_eq!(net.step_slices(&[1.0; 3], &[0.0; 2], &mut momentum), Err(StepError::Memory));
    assert_eq!((net.updates(), net.params()), (0, &[0.5; 8][..]));
    let mut y = [0.0; 2];
    net.predict_slices(&[1.0, 2.0, 3.0], &mut y).unwrap();
    assert_eq!(y, [3.5; 2], "half of 1 + 2 + 3, and a bias of a half");
}

#[test]
fn an_arena_that_is_too_small_says_how_much_is_needed() {
    let mut memory = [0_u8; 10];
    let mut arena = Arena::new(&mut memory);
    assert_eq!(arena.take(4).map(|piece| piece.len()), Ok(4));
    assert_eq!(arena.take(7).err(), Some(LengthError { needed: 11, given: 10 }));

    let layers = Layers::new(5, &[LayerSpec::new(7, AnyActivation::Tanh), linear(1)]).unwrap();
    let plan = Plan {
        seed: Seed(1),
        task: Task::plain(Target::Linear, 5, 2, 0.5, Seed(1)),
        data: Data::Stream,
        standardise: Some(3),
        label_noise: None,
        init: Init::he(),
        batch: 4,
        sgd: Sgd::new(0.01).unwrap(),
        momentum: Some(0.5),
        pressed: None,
        updates: 10,
        rule: Rule::Gap { least: 3.0 },
    };
    let needed = plan.ram_of_layers(&layers, &AnyLoss::Mse).arena_len();
    let start = |numbers: usize| {
        let mut memory = vec![0.75; numbers];
        let lent = Lent { arena: &mut memory, indices: &mut [] };
        let error = plan.start_layers(layers.clone(), AnyLoss::Mse, lent, plan.task).err();
        assert!(
            error.is_none() || memory.iter().all(|&number| number == 0.75),
            "{error:?}, but numbers have changed"
        );
        error
    };
    assert_eq!(start(needed), None);
    for given in 0..needed {
        assert_eq!(start(given), Some(PlanError::Arena(LengthError { needed, given })));
    }
}
