//! What must not come out: trainings that leave out what the effect needs.
//!
//! All start from the published start, whatever the figure starts from, because there the ends are known.

use anyhow::Result;
use comfy_table::Table;
use serde_json::{Value, json};
use tamis_speed::course::{self, Failed, Moment, Net, Settings};

use super::Synthetic;
use super::published::Published;
use super::runs::{self, SAMPLES};
use crate::repro::Verdict;
use crate::{pool, report};

/// What a control should come to.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// A loss that is no number, at the latest in this update.
    Failure(u32),
    /// This irrelevant norm, give or take.
    Norm(f64, f64),
}

/// A training that leaves something out.
#[derive(Clone, Copy, Debug)]
struct Plan {
    what: &'static str,
    net: Net,
    settings: Settings,
    /// The deviation of the mirrored noise.
    noise: f32,
    updates: u32,
    expected: Expected,
}

/// A control that has been carried out.
pub struct Control {
    plan: Plan,
    result: Result<Moment, Failed>,
    /// At the end, as a share of the variance.
    loss: f64,
    /// On it.
    pub verdicts: Vec<Verdict>,
}

const SOURCE: &str = "PyTorch and C from the same start";

/// The controls of a target.
fn plans(target: Synthetic, quick: bool) -> Vec<Plan> {
    let plan = |what, batch, step_size, updates, expected| Plan {
        what,
        net: Net::Linear,
        settings: Settings { batch, step_size, clip: None, weight_decay: None, label_noise: None },
        noise: target.noise(),
        updates,
        expected,
    };
    let unclipped = |batch| plan("not clipped", batch, 0.1, 1_000, Expected::Failure(10));
    let mut plans: Vec<_> = [SAMPLES, 512, 32, 1].map(unclipped).into();
    let clipped = |plan: Plan| Plan { settings: Settings { clip: Some(1.0), ..plan.settings }, ..plan };
    let longer = match target {
        Synthetic::Linear => {
            let frozen = "half the step size";
            let noisy = |batch, norm| Plan {
                noise: 0.5,
                ..plan("label noise 0.5, not clipped", batch, 0.005, 200_000, Expected::Norm(norm, 0.03))
            };
            vec![
                clipped(plan(frozen, SAMPLES, 0.05, 2_000, Expected::Norm(4.196, 0.005))),
                clipped(plan(frozen, 32, 0.05, 200_000, Expected::Norm(4.105, 0.02))),
                noisy(32, 3.722),
                noisy(1, 0.765),
            ]
        }
        Synthetic::Sine => {
            let rectified = |batch, updates, expected| Plan {
                net: Net::Rectified,
                ..clipped(plan("ReLU", batch, 0.1, updates, expected))
            };
            vec![
                rectified(32, 50_000, Expected::Norm(5.0, 0.15)),
                rectified(1, 200_000, Expected::Norm(5.7, 0.3)),
            ]
        }
        Synthetic::Staircase => return Vec::new(),
    };
    if !quick {
        plans.extend(longer);
    }
    plans
}

/// Carries them out.
pub fn carry_out(target: Synthetic, quick: bool) -> Result<Vec<Control>> {
    let published = Published::embedded(target)?;
    let plans = plans(target, quick);
    let bar = report::progress(plans.len());
    bar.set_message("controls");
    let controls = pool::map(&plans, |&plan| {
        let start = published.start(1, plan.noise);
        let starts = std::slice::from_ref(&start);
        let course = course::run(plan.net, starts, &plan.settings, &[plan.updates], &mut |_| {});
        let result = match course {
            Ok(mut courses) => Ok(courses.remove(0).remove(0)),
            Err(error) => Err(error.downcast::<Failed>()?),
        };
        let loss = match &result {
            Ok(end) => course::mean_loss(plan.net, &end.params, &start.rows)? / runs::variance(&start.rows),
            Err(_) => f64::NAN,
        };
        bar.inc(1);
        Ok(Control { plan, verdicts: judge(&plan, &result), result, loss })
    });
    bar.finish_and_clear();
    controls.into_iter().collect()
}

fn judge(plan: &Plan, result: &Result<Moment, Failed>) -> Vec<Verdict> {
    let name = plan.name();
    let verdict = match plan.expected {
        Expected::Failure(most) => {
            let failed = result.as_ref().err().map_or(f64::NAN, |failed| failed.update.into());
            Verdict::between(format!("{name}, diverges in update"), failed, [1.0, most.into()], SOURCE)
        }
        Expected::Norm(norm, tolerance) => {
            let found = result.as_ref().map_or(f64::NAN, |end| runs::norms(&end.params).1);
            let what = format!("{name}, norm after {}", plan.updates);
            Verdict::near(what, found, norm, tolerance, SOURCE)
        }
    };
    vec![verdict]
}

impl Plan {
    fn name(&self) -> String {
        match self.settings.batch {
            SAMPLES => format!("{}, GD", self.what),
            batch => format!("{}, SGD-{batch}", self.what),
        }
    }
}

/// One a line.
pub fn table(controls: &[Control]) -> Table {
    let row = |control: &Control| {
        let Control { plan, result, loss, .. } = control;
        let mut row = vec![plan.name(), plan.settings.step_size.to_string()];
        row.extend(match result {
            Ok(end) => {
                let (relevant, irrelevant) = runs::norms(&end.params);
                let numbers = [irrelevant, relevant, *loss].map(|number| format!("{number:.3}"));
                [end.update.to_string()].into_iter().chain(numbers).chain([String::new()]).collect::<Vec<_>>()
            }
            Err(Failed { update, error }) => {
                let dash = || "-".to_owned();
                vec![update.to_string(), dash(), dash(), dash(), error.to_string()]
            }
        });
        row
    };
    let header =
        ["control", "step size", "updates", "irrelevant norm", "relevant norm", "loss / variance", ""];
    report::table(&header, 1, controls.iter().map(row))
}

impl Control {
    /// As an object like that of any run.
    pub fn to_json(&self) -> Value {
        let Plan { settings, updates, .. } = self.plan;
        let mut object = json!({
            "name": self.plan.name(),
            "batch": settings.batch,
            "weight_decay": 0.0,
            "step_size": settings.step_size,
            "updates": updates,
            "control": true,
        });
        match &self.result {
            Ok(end) => {
                let (relevant, irrelevant) = runs::norms(&end.params);
                object["irrelevant_norm"] = json!({ end.update.to_string(): irrelevant });
                object["relevant_norm"] = json!(relevant);
                object["loss"] = json!(self.loss);
                let clipped = settings.clip.map(|_| f64::from(end.clipped) / f64::from(end.update));
                object["clipped_share"] = json!(clipped);
                object["digest"] = json!(format!("{:08x}", end.digest));
            }
            Err(Failed { update, error }) => {
                object["failed"] = json!({ "update": update, "reason": error.to_string() });
            }
        }
        object
    }
}
