//! Many trainings at once, in lanes: each outcome is what [`replica::run`] gives.
//!
//! The lanes are those of [`tamis_speed::bundle`]. A lane that fails leaves the bundle: the scalar run of its training
//! tells the rest.

use anyhow::Result;
use tamis::wire::{Report, Training};
pub use tamis_speed::bundle::go_together;
use tamis_speed::bundle::{self, Ended, Watch};
pub use tamis_speed::simd::LANES;

use crate::replica::{self, Outcome};

/// Carries out up to [`LANES`] trainings that go together.
pub fn run(trainings: &[Training], report: Report) -> Result<Vec<Result<Outcome>>> {
    carry_out(trainings, Watch::Every(report), report)
}

/// [`run`] without digests, which take longer than the trainings; the parameters after the last update are reported.
pub fn run_to_end(trainings: &[Training]) -> Result<Vec<Result<Outcome>>> {
    let last = trainings.first().map_or(0, |training| training.plan.updates);
    carry_out(trainings, Watch::End, last_params(last))
}

/// Reports the parameters after the last update, and as few digests as can be.
pub fn last_params(last: u32) -> Report {
    Report { digest_every: last, params: Some((last, last)) }
}

fn carry_out(trainings: &[Training], watch: Watch, report: Report) -> Result<Vec<Result<Outcome>>> {
    let ended = bundle::run(trainings, watch)?.into_iter().zip(trainings);
    let outcomes = ended.map(|(ended, training)| match ended {
        Some(ended) => Ok(outcome(training, ended)),
        None => replica::run(training, report, |_| {}),
    });
    Ok(outcomes.collect())
}

fn outcome(training: &Training, ended: Ended) -> Outcome {
    let Ended { digests, reported, norms, params, test_loss } = ended;
    let mut outcome = Outcome { digests, params: reported, ..Outcome::default() };
    outcome.finish(training, &norms, &params, test_loss);
    outcome
}
