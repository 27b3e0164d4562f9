//! Every option sets what it says, and each bad value is named.

use super::*;
use crate::experiments;
use clap::Parser;
use tamis::Huber;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: TrainingOptions,
}

fn setup(line: &str) -> Result<Setup> {
    Line::try_parse_from(["train"].into_iter().chain(line.split_whitespace()))?.options.setup()
}

fn training(line: &str) -> Training {
    setup(line).unwrap_or_else(|error| panic!("{line}: {error}")).training
}

#[test]
fn the_demonstration_can_be_asked_for() -> Result<()> {
    let rows = experiments::demonstration(3)?;
    let a = "--seed 3 --task linear --inputs 6 --shape 14-8-1 --activation identity --no-bias --noise 0.6 \
             --step-size 0.02 --updates 20000";
    let lines = [
        format!("{a} --data shuffled:256"),
        format!("{a} --data shuffled:256 --final-drop 16000:0.2"),
        format!("{a} --data shuffled:256 --batch 32"),
        format!("{a} --data sequential:256 --batch 256"),
        format!("{a} --data sequential:256 --batch 256 --weight-decay 0.01"),
        "--seed 3 --final-drop 40000:0.2".to_owned(),
        "--seed 3 --final-drop 40000:0.2 --data shuffled:256".to_owned(),
        "--seed 3 --updates 4000 --data sequential:256 --batch 256".to_owned(),
    ];
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(lines) {
        assert_eq!(training(&line), row.experiment.training, "{line}");
    }
    Ok(())
}

#[test]
fn every_option_sets_what_it_says() -> Result<()> {
    let default = training("");
    let sgd = default.plan.sgd;
    let plan = |plan: Plan| Training { plan, ..default.clone() };
    let task = |task: Task| plan(Plan { task, ..default.plan });
    let with = |sgd: Sgd| plan(Plan { sgd, ..default.plan });
    let data = |data: Data| plan(Plan { data, ..default.plan });
    let init = |init: Init| plan(Plan { init, ..default.plan });
    let loss = |loss: AnyLoss| Training { loss, ..default.clone() };
    let plain = default.plan.task;
    let coupled = WeightDecay::coupled(0.1);
    let groups = WeightDecay::decoupled(0.1).first(0.2).hidden(0.3).output(0.4).biases(0.5);
    let pressed = Pressed { growing: Growing::new(30, 4)?, first: 2, count: 6, rate: 0.05 };
    let shape = |inputs, specs: &[LayerSpec]| Layers::new(inputs, specs);
    let identity = AnyActivation::Identity;
    let narrow = shape(8, &[LayerSpec::new(4, AnyActivation::LeakyRelu), LayerSpec::new(1, identity)])?;
    let sigmoid =
        shape(8, &[LayerSpec::new(16, AnyActivation::Relu), LayerSpec::new(1, AnyActivation::Sigmoid)])?;
    let probes = shape(10, &[LayerSpec::new(16, AnyActivation::Tanh), LayerSpec::new(1, identity)])?;
    let rule = |rule: Rule| plan(Plan { rule, ..default.plan });
    let of_probes = |factor| Training { layers: probes.clone(), ..rule(Rule::Probes { count: 2, factor }) };
    let cases = [
        ("--noise 0.5", task(Task { noise: 0.5, ..plain })),
        ("--relevant 3", task(Task { relevant: 3, ..plain })),
        ("--task xor", task(Task { target: Target::Xor, ..plain })),
        ("--task noise", task(Task { target: Target::Noise, relevant: 0, ..plain })),
        ("--mirrored 9", task(Task { labels: Labels::Mirrored(9), ..plain })),
        ("--classes 4", task(Task { labels: Labels::Classes(4), ..plain })),
        ("--shape 8-4-1 --activation leaky-relu", Training { layers: narrow.clone(), ..default.clone() }),
        ("--shape 8-4-1 --activation leaky_relu", Training { layers: narrow, ..default.clone() }),
        ("--activation relu --output-activation sigmoid", Training { layers: sigmoid, ..default.clone() }),
        ("--loss huber", loss(AnyLoss::Huber(Huber::default()))),
        ("--loss huber:0.5", loss(AnyLoss::Huber(Huber::new(0.5)?))),
        ("--init he --uniform", init(Init::he().uniform())),
        ("--init xavier --init-biases 0.1", init(Init::xavier().with_biases(0.1))),
        ("--init scaled:2", init(Init::scaled(2.0))),
        ("--data keyed:9", data(Data::Keyed(9))),
        ("--data replacement:9", data(Data::WithReplacement(9))),
        ("--data ring:9:3", data(Data::Ring { capacity: 9, visits: 3 })),
        ("--batch 7", plan(Plan { batch: 7, ..default.plan })),
        ("--standardise 7", plan(Plan { standardise: Some(7), ..default.plan })),
        ("--label-noise 0.7", plan(Plan { label_noise: Some(0.7), ..default.plan })),
        ("--momentum 0.7", plan(Plan { momentum: Some(0.7), ..default.plan })),
        ("--updates 7", plan(Plan { updates: 7, ..default.plan })),
        ("--warm-up 7", with(sgd.warm_up(7)?)),
        ("--step-decay 7:0.5", with(sgd.base(Base::StepDecay { every: 7, factor: 0.5 })?)),
        ("--cosine 7", with(sgd.base(Base::Cosine { over: 7 })?)),
        ("--clip-norm 0.7", with(sgd.clip(Clip::Norm(0.7))?)),
        ("--clip-value 0.7", with(sgd.clip(Clip::Value(0.7))?)),
        ("--weight-decay 0.1", with(sgd.weight_decay(coupled)?)),
        (
            "--decoupled-decay 0.1 --decay-first 0.2 --decay-hidden 0.3 --decay-output 0.4 --decay-biases 0.5",
            with(sgd.weight_decay(groups)?),
        ),
        ("--l1 0.1", with(sgd.proximal(Proximal::l1(0.1))?)),
        ("--group-lasso 0.1:4", with(sgd.proximal(Proximal::group(0.1).every(4))?)),
        ("--press 3:6:0.05:30:4", plan(Plan { pressed: Some(pressed), ..default.plan })),
        ("--inputs 8 --shape 10-16-1", of_probes(3.0)),
        ("--inputs 8 --shape 10-16-1 --probe-factor 2", of_probes(2.0)),
        (
            "--inputs 8 --shape 10-16-1 --least-gap 2",
            Training { layers: probes.clone(), ..rule(Rule::Gap { least: 2.0 }) },
        ),
        ("--least-gap 2", rule(Rule::Gap { least: 2.0 })),
    ];
    for (line, wanted) in cases {
        assert_eq!(training(line), wanted, "{line}");
    }
    Ok(())
}

#[test]
fn what_is_not_said_fits_the_rest() {
    assert_eq!(training("--inputs 5").layers.to_string(), "5-16-1");
    assert_eq!(training("--shape 5-1").plan.task.inputs, 5);
    assert_eq!(training("--inputs 1").plan.task.relevant, 1);
    assert_eq!(training("--loss binary").plan.task.labels, Labels::Classes(2));
    assert_eq!(training("--loss softmax --shape 8-4-3").plan.task.labels, Labels::Classes(3));
    let friedman = setup("--task friedman1").map(|setup| setup.friedman);
    assert_eq!(friedman.ok(), Some(Some(Friedman { seed: Seed(1), inputs: 10, noise: 0.3 })));
}

#[test]
fn what_makes_no_sense_names_its_option() {
    for (line, option) in [
        ("--inputs 0", "--inputs"),
        ("--inputs 9 --shape 8-1", "--inputs"),
        ("--relevant 9", "--relevant"),
        ("--task noise --relevant 1", "--relevant"),
        ("--task friedman1 --relevant 4", "--relevant"),
        ("--task friedman1 --inputs 4", "--inputs"),
        ("--task friedman1 --classes 2", "--task"),
        ("--task friedman1 --loss binary", "--task"),
        ("--task friedman1 --mirrored 2", "--mirrored"),
        ("--noise -1", "--noise"),
        ("--mirrored 0", "--mirrored"),
        ("--mirrored 4 --loss binary", "--mirrored"),
        ("--classes 1", "--classes"),
        ("--classes 3 --loss binary", "--classes"),
        ("--classes 4 --loss softmax --shape 8-4-3", "--classes"),
        ("--loss softmax", "--shape"),
        ("--loss binary --output-activation tanh", "--output-activation"),
        ("--shape 8", "--shape"),
        ("--shape 8-0-1", "--shape"),
        ("--shape 8-x-1", "--shape"),
        ("--shape 8-1-1-1-1-1-1-1-1-1", "--shape"),
        ("--shape 8-65535-65535-1", "--shape"),
        ("--loss huber:0", "--loss"),
        ("--loss mse:1", "--loss"),
        ("--init scaled:0", "--init"),
        ("--init-biases -1", "--init-biases"),
        ("--data shuffled:0", "--data"),
        ("--data shuffled:70000", "--data"),
        ("--data ring:4:0", "--data"),
        ("--data ring:4", "--data"),
        ("--batch 0", "--batch"),
        ("--standardise 0", "--standardise"),
        ("--label-noise -1", "--label-noise"),
        ("--label-noise 1 --loss binary", "--label-noise"),
        ("--updates 0", "--updates"),
        ("--step-size 0", "--step-size"),
        ("--step-size -1", "--step-size"),
        ("--step-size nan", "--step-size"),
        ("--warm-up 0", "--warm-up"),
        ("--warm-up 9 --updates 8", "--warm-up"),
        ("--step-decay 0:0.5", "--step-decay"),
        ("--step-decay 5", "--step-decay"),
        ("--step-decay 5:0.5 --cosine 5", "--cosine"),
        ("--cosine 0", "--cosine"),
        ("--final-drop 5:0", "--final-drop"),
        ("--final-drop 50000:0.2", "--final-drop"),
        ("--clip-norm 0", "--clip-norm"),
        ("--clip-value -1", "--clip-value"),
        ("--clip-norm 1 --clip-value 1", "--clip-value"),
        ("--momentum 1", "--momentum"),
        ("--weight-decay -1", "--weight-decay"),
        ("--decoupled-decay inf", "--decoupled-decay"),
        ("--weight-decay 1 --decoupled-decay 1", "--decoupled-decay"),
        ("--decay-first 1", "--weight-decay"),
        ("--weight-decay 1 --decay-hidden -1", "--decay-hidden"),
        ("--l1 -1", "--l1"),
        ("--l1 1:0", "--l1"),
        ("--l1 1 --group-lasso 1", "--group-lasso"),
        ("--group-lasso x", "--group-lasso"),
        ("--press 0:1:0.1:0:1", "--press"),
        ("--press 8:2:0.1:0:1", "--press"),
        ("--press 1:1:-1:0:1", "--press"),
        ("--press 1:1:1:0:0", "--press"),
        ("--press 1:1", "--press"),
        ("--probe-factor 2", "--probe-factor"),
        ("--inputs 6 --shape 8-1 --probe-factor 0.5", "--probe-factor"),
        ("--least-gap 0", "--least-gap"),
        ("--probe-factor 2 --least-gap 2", "--least-gap"),
        ("--task cosine", "--task"),
        ("--activation gelu", "--activation"),
    ] {
        match setup(line) {
            Ok(_) => panic!("{line} is taken"),
            Err(error) => assert!(error.to_string().contains(option), "{line}: {error}"),
        }
    }
}
