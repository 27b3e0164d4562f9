//! The rate of shrinking and the regime of a training, against closed forms, finite differences and the paper.

use std::fs;

use anyhow::{Context, Result};
use safetensors::SafeTensors;
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Clip, Data, Huber, Init, LayerSpec, Layers, Network, Plan, Rule, Seed, Sgd,
    Target, Task,
};
use tamis_host::jacobian::Wide;
use tamis_host::regime::{Measured, Regime, Watcher};
use tamis_host::replica;
use tamis_host::replica::Report;
use tamis_host::theory::rate::{self, Geometry};
use tamis_host::tools;
use tamis_tests::command;

fn linear(widths: &[u16]) -> Result<Layers> {
    let layer = |&outputs| LayerSpec::new(outputs, AnyActivation::Identity).without_bias();
    Ok(Layers::new(widths[0], &widths[1..].iter().map(layer).collect::<Vec<_>>())?)
}

/// The rows of the unit vectors, scaled: their mean of x x^T is the identity.
fn white(inputs: usize) -> Vec<Vec<f32>> {
    let row = |i| (0..inputs).map(|j| if i == j { (inputs as f32).sqrt() } else { 0.0 }).collect();
    (0..inputs).map(row).collect()
}

/// y = a W x: G has the trace 2 (|a|^2 d + |W|^2), so tr(I^T M I) / |I|^2 is 1: M is the identity.
#[test]
fn two_linear_layers_have_the_closed_form() -> Result<()> {
    let layers = linear(&[3, 2, 1])?;
    let params = [0.3, -0.2, 0.5, 0.1, -0.4, 0.7, 1.5, -0.5];
    let mut net = Wide::new(&layers, &params);
    let rows = white(3);
    let (a, w): (f64, f64) = (1.5 * 1.5 + 0.5 * 0.5, 0.09 + 0.04 + 0.25 + 0.01 + 0.16 + 0.49);
    assert!((net.trace(&rows) - 2.0 * (3.0 * a + w)).abs() < 1e-5);
    let Geometry { norm, trace, shrinking } = rate::geometry(&mut net, [1, 3], &rows);
    assert!((norm - (0.25_f64 + 0.01 + 0.16 + 0.49).sqrt()).abs() < 1e-6, "{norm}");
    assert!((trace - 2.0 * (3.0 * a + w)).abs() < 1e-5, "{trace}");
    assert!((shrinking - 1.0).abs() < 1e-6, "{shrinking}");
    Ok(())
}

/// Three linear layers, y = a V W x: M = |a|^2 1 + V^T V, of l = 2 and 3.
#[test]
fn three_linear_layers_have_the_closed_form() -> Result<()> {
    let layers = linear(&[2, 2, 2, 1])?;
    let (w, v, a) = ([0.3_f32, -0.2, 0.5, 0.1], [0.4_f32, 0.9, -0.6, 0.2], [1.5_f32, -0.5]);
    let mut net = Wide::new(&layers, &[&w[..], &v[..], &a[..]].concat());
    let geometry = rate::geometry(&mut net, [1, 2], &white(2)).shrinking;
    // Input-major: V (0.5, 0.1) is 0.5 of the first row and 0.1 of the second.
    let through: f64 = (0..2).map(|o| f64::from(0.5 * v[o] + 0.1 * v[2 + o]).powi(2)).sum();
    let expected = 2.5 + through / 0.26;
    assert!((geometry - expected).abs() < 1e-5, "{geometry}, not {expected}");
    Ok(())
}

/// J by central differences of the outputs; then G, its trace, and its largest eigenvalue by squaring G.
#[test]
fn trace_and_sharpness_are_those_of_the_dense_matrix() -> Result<()> {
    let hidden = [AnyActivation::Tanh, AnyActivation::Sigmoid, AnyActivation::LeakyRelu];
    for activation in hidden {
        let specs = [LayerSpec::new(3, activation), LayerSpec::new(2, AnyActivation::Identity)];
        let layers = Layers::new(2, &specs)?;
        let n = layers.params();
        let params: Vec<f32> = (0..n).map(|i| (i as f32 * 1.7).sin()).collect();
        let rows = [vec![0.5, -1.0], vec![1.25, 0.75], vec![-0.5, 0.25]];
        let mut g = vec![vec![0.0; n]; n];
        for x in &rows {
            // Exact in f32: the step is a power of two.
            let moved = |place: usize, step: f32| {
                let mut params = params.clone();
                params[place] += step;
                (Wide::new(&layers, &params).forward(x).to_vec(), f64::from(params[place]))
            };
            let column = |place: usize| {
                let ((up, a), (down, b)) = (moved(place, 1.0 / 1024.0), moved(place, -1.0 / 1024.0));
                up.iter().zip(down).map(|(up, down)| (up - down) / (a - b)).collect::<Vec<_>>()
            };
            let jacobian: Vec<_> = (0..n).map(column).collect();
            for (i, row) in g.iter_mut().enumerate() {
                for (j, g) in row.iter_mut().enumerate() {
                    let product: f64 = jacobian[i].iter().zip(&jacobian[j]).map(|(a, b)| a * b).sum();
                    *g += product * 2.0 / (2.0 * rows.len() as f64);
                }
            }
        }
        let trace: f64 = (0..n).map(|i| g[i][i]).sum();
        // tr G^(2^k) to the power 2^-k.
        let (mut power, mut log) = (g.clone(), 0.0);
        for k in 0..12 {
            let scale: f64 = (0..n).map(|i| power[i][i]).sum();
            power.iter_mut().flatten().for_each(|p| *p /= scale);
            log += scale.ln() / f64::from(1 << k);
            let old = power.clone();
            for i in 0..n {
                for j in 0..n {
                    power[i][j] = (0..n).map(|k| old[i][k] * old[k][j]).sum();
                }
            }
        }
        let largest = log.exp();
        let mut net = Wide::new(&layers, &params);
        let mut v = vec![1.0; n];
        let sharpness = net.sharpness(&rows, &mut v);
        assert!((net.trace(&rows) / trace - 1.0).abs() < 1e-4, "{activation:?}");
        assert!((sharpness / largest - 1.0).abs() < 1e-2, "{activation:?}: {sharpness}, {largest}");
    }
    Ok(())
}

/// The flattest minimum of L linear layers for a target v: 2 L |v|^(2 - 2/L), here 2 * 4 * 5^(3/4), by the paper's notes.
#[test]
fn a_balanced_minimum_has_the_closed_form() -> Result<()> {
    let layers = linear(&[2, 1, 1, 1, 1])?;
    // |v|^2 = 5, and each layer has the norm 5^(1/8).
    let (norm, v) = (5_f32.powf(0.125), [0.6_f32, 0.8]);
    let mut net = Wide::new(&layers, &[norm * v[0], norm * v[1], norm, norm, norm]);
    let sharpness = net.sharpness(&white(2), &mut [1.0; 5]);
    let expected = 8.0 * 5_f64.powf(0.75);
    assert!((sharpness / expected - 1.0).abs() < 1e-4, "{sharpness}, not {expected}");
    Ok(())
}

/// The start that the paper's notebooks draw, against the dense matrix in NumPy: largest eigenvalue and trace. The
/// paper's is "about 180".
#[test]
fn the_published_start_is_as_sharp_as_published() -> Result<()> {
    let bytes = fs::read(tools::workspace().join("tests/reference/synthetic-seed0.safetensors"))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let numbers = |name: &str| -> Result<Vec<f32>> {
        let data = file.tensor(name)?.data();
        Ok(data.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    };
    let mut params = Vec::new();
    for name in ["w1", "w2", "w3", "w4"] {
        let matrix = numbers(name)?;
        params.extend((0..15).flat_map(|input| matrix.iter().skip(input).step_by(15)));
    }
    let rows: Vec<_> = numbers("x")?.chunks(15).map(<[f32]>::to_vec).collect();
    let layers = linear(&[15, 15, 15, 15, 1])?;
    let mut net = Wide::new(&layers, &params);
    let trace = net.trace(&rows);
    assert!((trace / 690.458_092_8 - 1.0).abs() < 1e-6, "{trace}");
    let mut v: Vec<f64> = (0..layers.params()).map(|place| (1.0 + place as f64).sin()).collect();
    let sharpness = net.sharpness(&rows, &mut v);
    // Power iteration ends when it moves by less than one part in 10,000.
    assert!((sharpness / 179.627_1 - 1.0).abs() < 2e-3, "{sharpness}");
    Ok(())
}

/// The paper's linear network on its own inputs.
fn paper(
    step_size: f32,
    batch: u32,
    updates: u32,
    label_noise: Option<f32>,
    clip: Option<f32>,
) -> Result<Measured> {
    let mut sgd = Sgd::new(step_size)?;
    if let Some(bound) = clip {
        sgd = sgd.clip(Clip::Norm(bound))?;
    }
    let plan = Plan {
        seed: Seed(1),
        task: Task::plain(Target::Linear, 15, 5, 0.001, Seed(1)),
        data: Data::Shuffled(10_000),
        standardise: None,
        label_noise,
        init: Init::he(),
        batch,
        sgd,
        momentum: None,
        pressed: None,
        updates,
        rule: Rule::Gap { least: 3.0 },
    };
    measured(&Training { layers: linear(&[15, 15, 15, 15, 1])?, loss: AnyLoss::Mse, plan })
}

/// The regime that `training` ends in.
fn measured(training: &Training) -> Result<Measured> {
    let plan = training.plan;
    let mut watcher = Watcher::new(plan.updates);
    let report = Report { digest_every: u32::MAX, params: None };
    replica::run_on(training, plan.task, report, |seen| watcher.watch(seen))?;
    watcher.measure(training, plan.task)
}

#[test]
fn the_papers_trainings_are_in_their_regimes() -> Result<()> {
    let unstable = paper(0.1, 32, 4_000, None, Some(1.0))?;
    assert_eq!(unstable.regime, Regime::Clipped, "{unstable}");
    // The paper's is 67.4 % over all 200,000 updates.
    assert!(unstable.clipped_share.is_some_and(|share| (0.5..=1.0).contains(&share)), "{unstable}");
    let frozen = paper(0.05, 32, 10_000, None, Some(1.0))?;
    assert_eq!(frozen.regime, Regime::Interpolated, "{frozen}");
    let noisy = paper(0.005, 32, 3_000, Some(0.5), None)?;
    assert_eq!(noisy.regime, Regime::Stable, "{noisy}");
    assert!(noisy.residual.is_some_and(|residual| (0.04..0.06).contains(&residual)), "0.25 of 5.25: {noisy}");
    assert_eq!((noisy.stable_below.round(), noisy.clipped_share), (400.0, None));
    Ok(())
}

/// Four trainings of a small network, each in the words of its regime.
#[test]
fn small_trainings_are_told_in_words() -> Result<()> {
    let hidden = LayerSpec::new(4, AnyActivation::Tanh);
    let layers = Layers::new(4, &[hidden, LayerSpec::new(1, AnyActivation::Identity)])?;
    let task = Task::plain(Target::Sine, 4, 2, 0.3, Seed(1));
    let plan = Plan {
        seed: Seed(1),
        task,
        data: Data::Sequential(32),
        standardise: None,
        label_noise: None,
        init: Init::he(),
        batch: 32,
        sgd: Sgd::new(0.05)?,
        momentum: None,
        pressed: None,
        updates: 400,
        rule: Rule::Gap { least: 3.0 },
    };
    let clipped = Sgd::new(0.05)?.clip(Clip::Norm(1e-3))?;
    for (plan, loss, words) in [
        (plan, AnyLoss::Mse, "regime: full batch: no noise, nothing shrinks (sharpness "),
        (Plan { label_noise: Some(0.3), ..plan }, AnyLoss::Mse, "regime: noisy and stable: the law holds ("),
        (Plan { batch: 4, ..plan }, AnyLoss::Mse, "regime: noisy and stable: the law holds ("),
        (Plan { sgd: clipped, ..plan }, AnyLoss::Mse, "regime: not defined (sharpness "),
        (
            plan,
            AnyLoss::Huber(Huber::default()),
            "regime: not defined (loss of classes or bounded; stable below 40",
        ),
    ] {
        let told = measured(&Training { layers: layers.clone(), loss, plan })?.to_string();
        assert!(told.starts_with(words), "{told}, not {words}");
    }
    Ok(())
}

/// The table of the documentation is that of the command with its usual seeds: two of its rows, trained again.
#[test]
fn the_documented_table_is_what_the_command_prints() -> Result<()> {
    let out = std::env::temp_dir().join(format!("tamis-theory-{}", std::process::id()));
    let docs = fs::read_to_string(tools::workspace().join("docs/LABORATORY.md"))?;
    for cell in ["eta 0.01, b 1", "eta 0.01, b 4, tanh"] {
        let output = command::tamis()?.args(["theory", "--cell", cell, "--out"]).arg(&out).output()?;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        let row = text.lines().find(|line| line.trim().starts_with(cell)).context("no row")?;
        let cells: Vec<_> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells.len(), 9, "{row}");
        let row = format!("| {} |", cells.join(" | "));
        assert!(docs.contains(&row), "not in the documentation:\n{row}");
    }
    let output = command::tamis()?.args(["theory", "--cell", "eta 7"]).output()?;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--cell: there is no cell 'eta 7'; there are 'eta 0.0025, b 4', "), "{said}");
    Ok(fs::remove_dir_all(out)?)
}

#[test]
fn one_cell_shrinks_at_the_rate_of_the_formula() -> Result<()> {
    let mut cells = rate::Cell::grid();
    cells.retain(|cell| (cell.eta, cell.batch, cell.clip) == (0.01, 4, None) && cell.is_stable());
    assert_eq!(cells.len(), 1);
    let course = rate::follow(&cells[0], 1)?.expect("it does not diverge");
    let (measured, predicted) = course.decay();
    assert!((0.9..1.1).contains(&(measured / predicted)), "{measured}, {predicted}");
    assert!(measured > 0.3, "the norm has fallen: {measured}");
    Ok(())
}
