//! The loss over a test set, from the transcription of its rows and in f64.

use tamis::{Data, Task};
use tamis_bits::Memory;
use tamis_test_kit::literal::task::{self, TEST_ROWS};
use tamis_test_kit::trainings::{start, train, training};

#[test]
fn the_test_loss_is_the_mean_over_all_test_rows() {
    for standardise in [None, Some(16)] {
        let training = training(Data::Shuffled(40), 2, standardise, 200);
        let mut memory = Memory::of(&training);
        let mut trainer = start(&training, &mut memory, training.plan.task);
        train(&mut trainer, training.plan.updates);

        // Another task of as many inputs has a loss of its own.
        let tasks = [training.plan.task, Task { noise: 2.0, seed: tamis::Seed(9), ..training.plan.task }];
        let losses = tasks.map(|of| {
            let found = trainer.test_loss(&of).unwrap();
            let mut sum = 0.0;
            for k in 0..TEST_ROWS {
                let (mut x, target) = task::test_row(&of, k, 10);
                if let Some(scale) = trainer.standardise() {
                    assert!(scale.apply(&mut x));
                }
                let mut y = [0.0];
                trainer.model().predict_slices(&x, &mut y).unwrap();
                sum += (f64::from(y[0]) - f64::from(target)).powi(2);
            }
            let exact = sum / TEST_ROWS as f64;
            assert!((f64::from(found) / exact - 1.0).abs() < 1e-5, "{found}, not {exact}");
            let by_rows = trainer.test_loss_on(|row, x| of.test_row(row, x)).unwrap();
            assert_eq!(by_rows.to_bits(), found.to_bits());
            found
        });
        assert!(losses[0] != losses[1] && losses[0] < 0.5, "{losses:?}");
    }
}
