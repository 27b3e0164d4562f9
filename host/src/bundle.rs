//! Many trainings at once, in lanes: each outcome is what [`replica::run`] gives.
//!
//! The lanes are those of [`tamis_speed::bundle`]. A lane that fails leaves the bundle: the scalar run of its training
//! tells the rest.

use std::mem;

use crate::replica::Report;
use anyhow::Result;
use tamis::wire::Training;
pub use tamis_speed::bundle::go_together;
use tamis_speed::bundle::{self, Ended, Watch};
use tamis_speed::curve::{Curve, Moment, is_moment};
pub use tamis_speed::simd::LANES;

use crate::replica::{self, Outcome, Seen};

/// Carries out up to [`LANES`] trainings that go together.
pub fn run(trainings: &[Training], report: Report) -> Result<Vec<Result<Outcome>>> {
    let ended = bundle::run(trainings, Watch::Every(report))?.into_iter().zip(trainings);
    let outcomes = ended.map(|(ended, training)| match ended {
        Some(ended) => Ok(outcome(training, ended)),
        None => replica::run(training, report, |_| {}),
    });
    Ok(outcomes.collect())
}

/// [`run`] without digests, which take longer than the trainings, and with curves if they are wanted; the parameters
/// after the last update are reported.
pub fn run_to_end(trainings: &[Training], with_curves: bool) -> Result<Vec<(Result<Outcome>, Vec<Moment>)>> {
    let watch = if with_curves { Watch::Curve } else { Watch::End };
    let ended = bundle::run(trainings, watch)?.into_iter().zip(trainings);
    let outcomes = ended.map(|(ended, training)| match ended {
        Some(mut ended) => {
            let moments = mem::take(&mut ended.curve.moments);
            (Ok(outcome(training, ended)), moments)
        }
        None if with_curves => with_curve(training),
        None => (replica::run(training, last_params(training.plan.updates), |_| {}), Vec::new()),
    });
    Ok(outcomes.collect())
}

/// One training alone, with its curve.
pub fn with_curve(training: &Training) -> (Result<Outcome>, Vec<Moment>) {
    let Training { layers, plan, .. } = training;
    let mut curve = Curve::default();
    let watch = |seen: Seen<'_>| {
        curve.add(seen.loss);
        if is_moment(seen.update, plan.updates) {
            curve.look(seen.update, layers, seen.params);
        }
    };
    let outcome = replica::run_on(training, plan.task, last_params(plan.updates), watch);
    (outcome.map(|(outcome, _)| outcome), curve.moments)
}

/// Reports the parameters after the last update, and as few digests as can be.
pub fn last_params(last: u32) -> Report {
    Report { digest_every: last, params: Some((last, last)) }
}

fn outcome(training: &Training, ended: Ended) -> Outcome {
    let Ended { digests, reported, norms, params, test_loss, .. } = ended;
    let mut outcome = Outcome { digests, params: reported, ..Outcome::default() };
    outcome.finish(training, &norms, &params, test_loss);
    outcome
}
