//! Every error says in plain words what is wrong.

use std::error::Error;

use tamis::checkpoint::CheckpointError;
use tamis::compaction::CompactionError;
use tamis::frame::FrameError;
use tamis::loss::HuberBound;
use tamis::one_pass::OnePassError;
use tamis::{
    BatchError, FloatEnvironmentError, GrowingError, InitError, LabelNoiseError, LayersError, LengthError,
    MomentumError, NoSample, NotFinite, PlanError, RuleError, SamplerError, SgdError, StepError, StoreError,
    TaskError, TrainError,
};

/// Words of a sentence that something else may begin; no names of variants.
fn assert_plain(error: &dyn Error) {
    let text = error.to_string();
    assert!(text.len() > 12 && text.contains(' '), "{error:?}: {text}");
    assert!(text.starts_with(|first: char| first.is_ascii_lowercase()), "{error:?}: {text}");
    assert!(!text.ends_with('.') && !text.contains(['{', '}', '\n']), "{error:?}: {text}");
}

/// What is too short.
const LENGTH: LengthError = LengthError { needed: 7, given: 3 };

#[test]
fn every_error_is_in_plain_words() {
    let errors: &[&dyn Error] = &[
        &BatchError::Zero,
        &BatchError::One,
        &BatchError::Gradient(LENGTH),
        &CheckpointError::Flash(0),
        &CheckpointError::<u8>::Alignment,
        &CheckpointError::<u8>::Slots,
        &CheckpointError::<u8>::TooLong { needed: 7, given: 3 },
        &CheckpointError::<u8>::Other,
        &CheckpointError::<u8>::Arithmetic(9),
        &CompactionError::Mask,
        &CompactionError::Nothing,
        &CompactionError::NotZero(2),
        &CompactionError::Params,
        &FloatEnvironmentError::FlushesResults,
        &FloatEnvironmentError::FlushesOperands,
        &FloatEnvironmentError::Rounding,
        &FrameError,
        &GrowingError::Every,
        &GrowingError::Rate,
        &GrowingError::Inputs,
        &HuberBound,
        &InitError::Gain,
        &InitError::Biases,
        &InitError::FloatEnvironment(FloatEnvironmentError::Rounding),
        &LabelNoiseError::Sigma,
        &LabelNoiseError::Loss,
        &LayersError::Empty,
        &LayersError::TooMany,
        &LayersError::Width(1),
        &LayersError::Logits,
        &LayersError::Huber(HuberBound),
        &LayersError::Memory(LENGTH),
        &LENGTH,
        &MomentumError::Momentum,
        &MomentumError::Velocity(LENGTH),
        &NoSample(4),
        &NotFinite(5),
        &OnePassError::Shadow,
        &OnePassError::Samples,
        &OnePassError::Network,
        &OnePassError::Factor(RuleError::Factor),
        &PlanError::Task(TaskError::Inputs),
        &PlanError::WarmUp,
        &RuleError::Probes,
        &RuleError::Factor,
        &SamplerError::Empty,
        &SamplerError::TooMany,
        &SamplerError::Visits,
        &SgdError::StepSize,
        &SgdError::WarmUp,
        &SgdError::StepDecay,
        &SgdError::Cosine,
        &SgdError::DropFactor,
        &SgdError::ClipBound,
        &SgdError::Decay,
        &SgdError::Penalty,
        &StepError::Input(3),
        &StepError::Target(0),
        &StepError::Probability(1),
        &StepError::Class,
        &StepError::Loss,
        &StepError::EmptyBatch,
        &StepError::InputWidth,
        &StepError::TargetWidth,
        &StepError::Memory,
        &StoreError::Full,
        &StoreError::Inputs,
        &TaskError::Inputs,
        &TaskError::Relevant,
        &TaskError::Noise,
        &TaskError::Labels,
        &TrainError::Rejected(StepError::Loss),
        &TrainError::NoSample(NoSample(4)),
        &TrainError::Overflow(NotFinite(5)),
    ];
    errors.iter().for_each(|error| assert_plain(*error));
    let mut texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    // Seven hand on what another says: the rounding, Huber, a factor, inputs, and the three of a training.
    assert_eq!(texts.len(), errors.len() - 7, "two errors say the same: {texts:?}");
}

/// What an error knows, it says.
#[test]
fn numbers_are_named() {
    let says = |error: &dyn Error, numbers: &[&str]| {
        let text = error.to_string();
        assert!(numbers.iter().all(|number| text.contains(number)), "{text}");
    };
    says(&LENGTH, &["7", "3"]);
    says(&CheckpointError::<u8>::TooLong { needed: 70, given: 31 }, &["70", "31"]);
    says(&CheckpointError::<u8>::Arithmetic(9), &["9"]);
    says(&CompactionError::NotZero(2), &["2"]);
    says(&LayersError::Width(1), &["1"]);
    says(&NoSample(4), &["4"]);
    says(&NotFinite(5), &["5"]);
    says(&StepError::Input(3), &["3"]);
    says(&BatchError::Gradient(LENGTH), &["gradient", "7", "3"]);
    says(&MomentumError::Velocity(LENGTH), &["velocity", "7", "3"]);
}
