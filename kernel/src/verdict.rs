//! Relevant, irrelevant or undecided: a verdict per input from the column norms, without knowing the truth.

use core::fmt;

use crate::ops;

/// What is said of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Verdict {
    /// The target depends on it.
    Relevant,
    /// Nothing tells it from an input that is noise.
    Irrelevant,
    /// Between the two.
    Undecided,
}

/// How norms become verdicts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Rule {
    /// The last `count` inputs are probes. Relevant is what exceeds `factor` times the largest probe norm,
    /// irrelevant what is under the largest probe norm, the rest is undecided.
    ///
    /// This rule can say "nothing is relevant". With 8 probes and factor 3 on demo A with the final drop,
    /// exactly the relevant inputs were found relevant in 299 of 300 trainings, and something in 1 of 300 on
    /// pure noise. An irrelevant input is as likely as a probe to have the largest norm of them all; it is then
    /// undecided.
    Probes {
        /// How many probes.
        count: u16,
        /// How far above the largest probe.
        factor: f32,
    },
    /// For networks without probes: the inputs are cut at the largest ratio between neighbouring norms if it is
    /// at least `least`, else all are undecided. It is not calibrated: it cannot know noise from noise.
    Gap {
        /// The smallest ratio that decides.
        least: f32,
    },
}

impl Rule {
    /// A verdict for every input that is not a probe, into `verdicts`, from the `norms` of all inputs.
    pub fn judge(&self, norms: &[f32], verdicts: &mut [Verdict]) {
        self.judge_from(0, norms, verdicts);
    }

    /// [`Rule::judge`] of the inputs from `first` on only, from the `norms` of all.
    pub fn judge_from(&self, first: usize, norms: &[f32], verdicts: &mut [Verdict]) {
        match *self {
            Self::Probes { count, factor } => {
                let inputs = norms.len().saturating_sub(usize::from(count));
                let (inputs, probes) = ops::split(norms, inputs);
                let largest = probes.iter().copied().reduce(|a, b| if b > a { b } else { a });
                let usable = probes.iter().all(|norm| norm.is_finite());
                let (_, inputs) = ops::split(inputs, first);
                each_verdict(inputs, verdicts, |norm| match largest {
                    Some(largest) if usable && norm > factor * largest => Verdict::Relevant,
                    Some(largest) if usable && norm < largest => Verdict::Irrelevant,
                    _ => Verdict::Undecided,
                });
            }
            Self::Gap { least } => {
                let cut = widest_gap(norms).filter(|gap| gap.ratio >= least);
                let (_, inputs) = ops::split(norms, first);
                each_verdict(inputs, verdicts, |norm| match cut {
                    Some(cut) if norm >= cut.above => Verdict::Relevant,
                    Some(_) => Verdict::Irrelevant,
                    None => Verdict::Undecided,
                });
            }
        }
    }

    /// Whether the rule can be applied to `inputs` inputs, probes among them.
    pub fn check(&self, inputs: usize) -> Result<(), RuleError> {
        let factor = match *self {
            Self::Probes { count, .. } if count == 0 || usize::from(count) >= inputs => {
                return Err(RuleError::Probes);
            }
            Self::Probes { factor, .. } => factor,
            Self::Gap { least } => least,
        };
        if factor.is_finite() && factor >= 1.0 { Ok(()) } else { Err(RuleError::Factor) }
    }
}

/// A rule that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RuleError {
    /// There are no probes, or nothing beside them.
    Probes,
    /// The factor or the least ratio is under 1 or not a finite number.
    Factor,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Probes => "there must be at least one probe, and one input beside them",
            Self::Factor => "the factor of the verdict must be a finite number, 1 or more",
        })
    }
}

impl core::error::Error for RuleError {}

/// A norm that is not finite is undecided whatever the rule.
fn each_verdict(norms: &[f32], verdicts: &mut [Verdict], judge: impl Fn(f32) -> Verdict) {
    for (&norm, verdict) in norms.iter().zip(verdicts) {
        *verdict = if norm.is_finite() { judge(norm) } else { Verdict::Undecided };
    }
}

/// Two neighbouring norms: the upper, and how many times the lower it is.
#[derive(Clone, Copy)]
struct Gap {
    above: f32,
    ratio: f32,
}

/// The widest gap between the finite norms, the upper one of equally wide ones.
fn widest_gap(norms: &[f32]) -> Option<Gap> {
    let finite = || norms.iter().copied().filter(|norm| norm.is_finite());
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let gaps = finite().filter_map(|above| {
        let below = finite().filter(|&other| other < above).reduce(larger)?;
        Some(Gap { above, ratio: above / below })
    });
    gaps.reduce(|a, b| if b.ratio > a.ratio || (b.ratio == a.ratio && b.above > a.above) { b } else { a })
}

/// Whether exactly the first `relevant` inputs are found relevant. An irrelevant input that stays undecided is
/// not found relevant.
pub fn is_exact(verdicts: &[Verdict], relevant: usize) -> bool {
    verdicts.iter().enumerate().all(|(input, &verdict)| (verdict == Verdict::Relevant) == (input < relevant))
}
