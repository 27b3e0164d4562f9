//! Other pairwise covers of all options than that of the golden file, against the literal transcription of the contract.

use tamis_host::{configurations, pool};
use tamis_test_kit::literal::assert_literal;

#[test]
fn every_update_of_other_covers() {
    for seed in [0, 2026, u64::MAX] {
        let trainings = configurations::all(seed, 150).unwrap();
        pool::map(&trainings, |experiment| assert_literal(&experiment.name, &experiment.training));
    }
}
