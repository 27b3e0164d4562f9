//! From norms to verdicts.
//!
//! ```text
//! stage        s*, the one with the least loss on rows held out; and the next, if it explains half of what s* does
//! gate         mean norm over the replicas > the 1 - b quantile of all shadows' norms, b = .8 alpha/d by default
//! check        who passed beside a correlated input (|r| > .4) needs a conditional p < alpha / passed
//! rescue       p by itself < .2 alpha/d by default, and correlated with nobody who passed: found though no network
//!              learned it; not where rows follow each other in time
//! relevant     gate and check, or rescue
//! undecided    failed the check; or a norm that half a null input would exceed; or seen by itself, but correlated
//! no evidence  the others. It does not mean irrelevant: on so many rows nothing was to be seen
//! ```
//!
//! Where the false rate is to be small, b and the bound of the rescue are those of [`control`](super::control).
//!
//! The null is that an input and its shadow are exchangeable. Shadows carry the training noise of one replica, the mean
//! of an input that of forty divided by forty, so the gate errs on the safe side: about 2 % of tables with a false
//! positive where 5 % are allowed. The inputs of a group are judged as one.

use anyhow::Result;
use serde::Serialize;

use super::conditional::{self, noticeable};
use super::control::Control;
use super::design::Design;
use super::ensemble::{Ensemble, Settings, Stage};
use crate::quantile;

/// What is said of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is to be seen, on so many rows.
    #[serde(rename = "no evidence")]
    NoEvidence,
    /// Something is to be seen that may be another's.
    Undecided,
    /// It matters.
    Relevant,
}

/// How a relevant input is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// By itself.
    Marginal,
    /// Together with others.
    Joint,
}

/// One column, judged.
#[derive(Clone, Copy, Debug)]
struct Column {
    norm: f64,
    threshold: f64,
    passes: bool,
    p: f64,
}

/// A group of inputs that cannot be told apart; mostly one alone.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The columns of the design.
    pub columns: Vec<usize>,
    /// What is said of it.
    pub verdict: Verdict,
    /// How it is to be seen, if it is relevant.
    pub label: Option<Label>,
    /// The norm of its largest column, mean over the replicas at s*.
    pub norm: f64,
    /// What that has to exceed.
    pub threshold: f64,
    /// The chance that a null input among d has such a norm, at least 1/R.
    pub p_value: f64,
    /// The chance that an input unrelated to the target looks so by itself.
    pub marginal_p_value: f64,
    /// A column in whose place it may stand.
    pub stands_for: Option<usize>,
}

/// One stage, as the verdicts see it.
#[derive(Clone, Debug)]
pub struct Point {
    /// lambda: the strength of the penalty.
    pub strength: f64,
    /// Of each column, the mean norm over the replicas.
    pub norms: Vec<f64>,
    /// What a norm has to exceed.
    pub threshold: f64,
    /// The part of the loss of the best constant that the networks take away, on rows held out.
    pub explained: f64,
}

/// All groups, judged.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The groups in the order of their first columns.
    pub groups: Vec<Judged>,
    /// s*.
    pub stage: usize,
    /// What is explained at s*.
    pub explained: f64,
    /// All stages, from weak to strong.
    pub path: Vec<Point>,
}

/// Less is nothing.
pub const LEARNT: f64 = 0.02;

impl Judgement {
    /// Judges the inputs of `design`; `marginal` are the columns' p-values by themselves.
    pub fn of(
        design: &Design,
        ensemble: &Ensemble,
        marginal: &[f64],
        control: Control,
        settings: &Settings,
    ) -> Result<Self> {
        let width = design.width as f64;
        let constant = ensemble.loss.of_constant(design);
        let gates: Vec<_> = ensemble.stages.iter().map(|stage| Gate::of(stage, design.width)).collect();
        let point = |(stage, gate): (&Stage, &Gate)| Point {
            strength: stage.strength,
            norms: gate.norms.clone(),
            threshold: gate.quantile(control.bound(0.8, &gate.p_values())),
            explained: 1.0 - stage.loss() / constant,
        };
        let path: Vec<_> = ensemble.stages.iter().zip(&gates).map(point).collect();
        let best = (0..path.len()).max_by(|&a, &b| path[a].explained.total_cmp(&path[b].explained));
        let stage = best.unwrap_or(0);
        let (gate, at) = (&gates[stage], &path[stage]);
        let next = path.get(stage + 1).filter(|next| next.explained > 0.5 * at.explained);
        let looked_at = || [Some(at), next].into_iter().flatten();
        let p_values = gate.p_values();
        // The rank tests take rows as independent: slow ones would all be rescued.
        let rescue = if settings.time { 0.0 } else { control.bound(0.2, marginal) };
        let column = |column: usize| Column {
            norm: at.norms[column],
            threshold: at.threshold,
            passes: looked_at().any(|point| point.norms[column] > point.threshold),
            p: p_values[column],
        };
        let columns: Vec<_> = (0..design.width).map(column).collect();
        let members = members(design);
        let passes = |group: &[usize]| group.iter().any(|&member| columns[member].passes);
        let passed: Vec<&Vec<usize>> = members.iter().filter(|group| passes(group)).collect();
        let near = |group: &[usize], other: &[usize]| {
            let pairs = group.iter().flat_map(|&a| other.iter().map(move |&b| (a, b)));
            let r = pairs.map(|(a, b)| (design.correlation(a, b).abs(), b));
            r.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default()
        };
        // The strongest correlation with another who passed.
        let neighbour = |group: &Vec<usize>| {
            let others = passed.iter().filter(|&&other| other != group);
            others.map(|other| near(group, other)).max_by(|a, b| a.0.total_cmp(&b.0))
        };

        let mut groups = Vec::new();
        for group in members.iter() {
            let top = group.iter().map(|&member| columns[member]).max_by(|a, b| a.norm.total_cmp(&b.norm));
            let Some(top) = top else { continue };
            let alone = group.iter().map(|&member| marginal[member]).fold(1.0, f64::min);
            let neighbour = neighbour(group);
            let is_seen = alone < rescue;
            let (mut verdict, mut stands_for) = (Verdict::NoEvidence, None);
            if passes(group) {
                verdict = Verdict::Relevant;
                if let Some((_, other)) = neighbour.filter(|&(r, _)| r > 0.4) {
                    let p = conditional::p_value(design, ensemble, stage, group, settings.seed)?;
                    if p >= control.level() / passed.len() as f64 {
                        (verdict, stands_for) = (Verdict::Undecided, Some(other));
                    }
                }
            } else if is_seen {
                match neighbour.filter(|&(r, _)| r >= noticeable(design.rows)) {
                    None => verdict = Verdict::Relevant,
                    Some((_, other)) => (verdict, stands_for) = (Verdict::Undecided, Some(other)),
                }
            } else if group.iter().any(|&member| columns[member].norm > gate.quantile(0.5 / width)) {
                verdict = Verdict::Undecided;
            }
            let label = if alone * width < 0.05 { Label::Marginal } else { Label::Joint };
            groups.push(Judged {
                columns: group.clone(),
                verdict,
                label: (verdict == Verdict::Relevant).then_some(label),
                norm: top.norm,
                threshold: top.threshold,
                p_value: (top.p * width).min(1.0),
                marginal_p_value: alone,
                stands_for,
            });
        }
        let explained = at.explained;
        Ok(Self { groups, stage, explained, path })
    }
}

impl Judgement {
    /// The columns of all relevant groups.
    pub fn selected(&self) -> Vec<usize> {
        let relevant = self.groups.iter().filter(|group| group.verdict == Verdict::Relevant);
        let mut columns: Vec<_> = relevant.flat_map(|group| group.columns.clone()).collect();
        columns.sort_unstable();
        columns
    }
}

/// The columns of each group.
fn members(design: &Design) -> Vec<Vec<usize>> {
    let mut names = design.groups.clone();
    names.sort_unstable();
    names.dedup();
    let of = |name| (0..design.width).filter(|&column| design.groups[column] == name).collect();
    names.into_iter().map(of).collect()
}

/// The norms of one stage, and those of the shadows.
struct Gate {
    /// Of each column, the mean over the replicas.
    norms: Vec<f64>,
    /// Of all shadows in all replicas, sorted.
    shadows: Vec<f64>,
}

impl Gate {
    fn of(stage: &Stage, width: usize) -> Self {
        let replicas = stage.replicas.len() as f64;
        let mean = |column: usize| {
            stage.replicas.iter().map(|replica| replica.norms[column]).sum::<f64>() / replicas
        };
        let mut shadows: Vec<f64> =
            stage.replicas.iter().flat_map(|replica| replica.norms[width..].to_vec()).collect();
        shadows.sort_by(f64::total_cmp);
        Self { norms: (0..width).map(mean).collect(), shadows }
    }

    /// The 1 - `tail` quantile of the shadows, interpolated.
    fn quantile(&self, tail: f64) -> f64 {
        quantile::of_sorted(&self.shadows, (1.0 - tail).max(0.0))
    }

    /// For each column the part of the shadows at its norm or above, the norm itself counted.
    fn p_values(&self) -> Vec<f64> {
        self.norms.iter().map(|&norm| self.p_value(norm)).collect()
    }

    fn p_value(&self, norm: f64) -> f64 {
        let above = self.shadows.len() - self.shadows.partition_point(|&shadow| shadow < norm);
        (1 + above) as f64 / (1 + self.shadows.len()) as f64
    }
}
