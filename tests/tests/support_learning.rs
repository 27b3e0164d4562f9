//! What the demonstration promises of the support, over seeds: SGD with a batch of one finds the relevant
//! inputs, full-batch gradient descent does not, weight decay does on the plain task, and noise is called
//! noise.
//!
//! The independent source is the task itself, which knows its relevant inputs. *Exact* means: the inputs found
//! relevant are the relevant ones, no more and no fewer; an irrelevant input may stay undecided. By probes it
//! often does: as likely as a probe to have the largest norm of all, the four irrelevant inputs of demo A lie
//! all under the largest of eight probes with a chance of about 8 in 12. Over 300 seeds of demo A with the
//! final drop: 299 exact, 203 with every verdict decided.
//!
//! Demo C needs its steps. Tried with the final drop, exact of 20 seeds: 5,000 steps 14, 10,000 20, 20,000 20,
//! 50,000 20.

use anyhow::{Context, Result};
use tamis::Verdict;
use tamis::wire::Training;
use tamis::{Data, Plan, Target, Task};
use tamis_host::experiments::{self, Experiment};
use tamis_host::pool;
use tamis_host::replica::Report;
use tamis_host::replica::{self, Outcome};

/// The outcomes of the row `name` of demonstration `letter`, changed by `change`, for seeds 1 to `seeds`.
fn outcomes(letter: char, name: &str, seeds: u64, change: fn(Plan) -> Plan) -> Result<Vec<(Plan, Outcome)>> {
    let seeds: Vec<u64> = (1..=seeds).collect();
    let outcomes = pool::map(&seeds, |&seed| {
        let mut rows = experiments::demonstration(seed)?.into_iter();
        let row = rows.find(|row| row.part.letter == letter && row.experiment.name == name);
        let Experiment { training, .. } = row.context("no such row")?.experiment;
        let plan = change(training.plan);
        let training = Training { plan, ..training };
        let outcome = replica::run(&training, Report { digest_every: u32::MAX, params: None }, |_| {})?;
        anyhow::Ok((plan, outcome))
    });
    outcomes.into_iter().collect()
}

fn exact(outcomes: &[(Plan, Outcome)]) -> usize {
    outcomes.iter().filter(|(plan, outcome)| outcome.is_exact(plan)).count()
}

#[test]
fn a_batch_of_one_learns_the_support_of_a() -> Result<()> {
    let exact = exact(&outcomes('A', "SGD, batch 1, final drop", 30, |plan| plan)?);
    assert!(exact >= 28, "{exact} of 30");
    Ok(())
}

#[test]
fn a_batch_of_one_learns_the_support_of_c() -> Result<()> {
    let exact = exact(&outcomes('C', "SGD, batch 1, final drop", 20, |plan| plan)?);
    assert!(exact >= 18, "{exact} of 20");
    Ok(())
}

#[test]
fn gradient_descent_does_not() -> Result<()> {
    assert_nothing_shrank(&outcomes('A', "GD", 10, |plan| plan)?);
    Ok(())
}

fn assert_nothing_shrank(outcomes: &[(Plan, Outcome)]) {
    assert_eq!(exact(outcomes), 0);
    for (plan, outcome) in outcomes {
        let ratio = outcome.contrast(plan).ratio;
        assert!(ratio >= 0.4, "seed {}: {ratio}", plan.seed.0);
    }
}

#[test]
fn gradient_descent_with_weight_decay_does() -> Result<()> {
    let exact = exact(&outcomes('A', "GD, weight decay", 10, |plan| plan)?);
    assert_eq!(exact, 10);
    Ok(())
}

#[test]
fn on_pure_noise_nothing_is_relevant() -> Result<()> {
    let noise = |plan: Plan| Plan { task: Task { target: Target::Noise, relevant: 0, ..plan.task }, ..plan };
    let outcomes = outcomes('A', "SGD, batch 1, final drop", 30, noise)?;
    let silent =
        outcomes.iter().filter(|(_, outcome)| !outcome.verdicts.contains(&Verdict::Relevant)).count();
    assert!(silent >= 28, "{silent} of 30");
    Ok(())
}

/// The honest limit: a nonlinear network fits the noise of a small stored set with the irrelevant inputs.
#[test]
fn a_stored_set_spoils_the_support_of_c() -> Result<()> {
    let outcomes = outcomes('C', "the same on 256 stored", 20, |plan| plan)?;
    assert!(outcomes.iter().all(|(plan, _)| plan.data == Data::Shuffled(256)));
    let exact = exact(&outcomes);
    assert!(exact <= 2, "{exact} of 20");
    Ok(())
}

/// The effect needs residual noise: where the network can interpolate, SGD stops and so does the shrinking.
#[test]
fn without_noise_nothing_shrinks() -> Result<()> {
    let silent = |plan: Plan| Plan { task: Task { noise: 0.0, ..plan.task }, ..plan };
    assert_nothing_shrank(&outcomes('A', "SGD, batch 1, final drop", 10, silent)?);
    Ok(())
}

/// Where each input is visible by itself, a correlation test needs no network: on demo A's 256 samples the
/// inputs correlated beyond 4 standard errors are the relevant ones.
#[test]
fn a_correlation_test_is_quicker_on_a() -> Result<()> {
    const SAMPLES: usize = 256;
    for seed in 1..=30 {
        let rows = experiments::demonstration(seed)?;
        let task = rows.first().context("no rows")?.experiment.training.plan.task;
        let samples: Vec<([f32; 6], f32)> = (0..SAMPLES as u64)
            .map(|index| {
                let mut x = [0.0; 6];
                let target = task.row(index, &mut x);
                (x, target)
            })
            .collect();
        let found: Vec<usize> = (0..6)
            .filter(|&input| {
                let pairs = samples.iter().map(|(x, target)| (f64::from(x[input]), f64::from(*target)));
                correlation(pairs.collect()).abs() * (SAMPLES as f64).sqrt() > 4.0
            })
            .collect();
        assert_eq!(found, [0, 1], "seed {seed}");
    }
    Ok(())
}

/// Pearson's correlation of the pairs.
fn correlation(pairs: Vec<(f64, f64)>) -> f64 {
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (mx, my) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let moment = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|&(x, y)| f(x - mx, y - my)).sum::<f64>();
    moment(&|x, y| x * y) / (moment(&|x, _| x * x) * moment(&|_, y| y * y)).sqrt()
}
