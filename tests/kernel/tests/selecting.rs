//! A selection of inputs on a device, request by request: every answer is that of a pass without it.

use anyhow::Result;
use tamis::one_pass::{Finding, OnePass, Settings};
use tamis::resident::{self, State};
use tamis::wire::{Answer, Job, Progress, Request, Selection};
use tamis::{Chain, Dense, Digest, Identity, Seed, Shadow, Tanh, Target, Task};
use tamis_test_kit::board::{Board, Nothing, OVERRUNS, Sensor, progress, refusal};
use tamis_test_kit::flash::Flash;
use tamis_test_kit::script::Script;

fn selection(samples: u32) -> Selection {
    let task = Task::plain(Target::Sine, 6, 2, 0.3, Seed(5));
    Selection { task, settings: Settings::new(samples, Seed(6)), checkpoint_every: None }
}

/// As a pass without a device, over the same rows in places of eight inputs.
#[test]
fn a_selection_answers_as_its_pass_does() -> Result<()> {
    type Pass<'a> = OnePass<'a, Chain<Dense<16, 8, Tanh>, Dense<8, 1, Identity>>, 8>;
    assert_eq!(resident::NUMBERS, Pass::NUMBERS);
    let selection = selection(2_000);
    let mut memory = [0.0; Pass::NUMBERS];
    let mut pass = Pass::new(&selection.settings, Shadow::Previous, &mut memory)?;
    let mut digest = Digest::new();
    let mut then = 0;
    for k in 0..2_000 {
        let mut x = [0.0; 8];
        let y = selection.task.row(k, &mut x[..6]);
        pass.push(&x, y)?;
        digest.update(pass.params());
        if k == 499 {
            then = digest.value();
        }
    }
    let script = Script::default().configure(&Job::Select(selection.clone()));
    let script = script.later(500, &Request::Status).say(&Request::Findings);
    let mut board = Board::new();
    let answers = board.run(script.later(1_600, &Request::Findings).later(9, &Request::Status));
    let fresh = Progress { digest: Digest::new().value(), overruns: OVERRUNS, ..Progress::default() };
    assert_eq!(progress(&answers[0]), &fresh);
    assert_eq!(progress(&answers[1]), &Progress { updates: 500, digest: then, ..fresh.clone() });
    assert!(matches!(&answers[2], Answer::Findings { findings, shadow: 0.0, .. }
        if findings[..] == [Finding::Undecided; 6]));
    let [norms, shadows] = *pass.norms();
    let findings = pass.findings();
    let expected = Answer::Findings {
        findings: findings[..6].iter().copied().collect(),
        norms: norms[..6].iter().copied().collect(),
        shadow: shadows.into_iter().fold(0.0, f32::max),
    };
    assert_eq!(answers[3], expected);
    assert_eq!(progress(&answers[4]), &Progress { updates: 2_000, digest: digest.value(), ..fresh });
    let is_relevant = |finding: &Finding| matches!(finding, Finding::Relevant(_));
    let is_exact = findings.iter().position(|finding| !is_relevant(finding)) == Some(2)
        && !findings[2..].iter().any(is_relevant);
    assert!(is_exact);
    let end = State::Ended { updates: 2_000, digest: digest.value(), is_exact };
    assert_eq!(board.witness.shown, [format!("{:?}", State::Training(0)), format!("{end:?}")]);
    assert_eq!(board.witness.samples, 2_000);
    Ok(())
}

#[test]
fn a_selection_counts_what_it_rejects_and_survives_a_loss_of_power() {
    let saved = Selection { checkpoint_every: Some(300), ..selection(1_000) };
    let job = Job::Select(saved);
    let mut board = Board { flash: Some(Flash::new(32)), ..Board::new() };
    board.sensor.loses_every = Some(4);
    let script = Script::default().configure(&job).later(800, &Request::Status).say(&Request::Checkpoint);
    let answers = board.run(script.later(8, &Request::Status));
    let (then, kept) = (progress(&answers[1]), progress(&answers[2]));
    assert_eq!((then.updates, then.rejected, then.durable), (600, 200, Some(600)));
    assert_eq!((kept.updates, kept.durable), (600, Some(600)));
    assert_eq!(progress(&answers[3]).updates, 606);
    let answers = board.run(Script::default().say(&Request::Status).later(2_000, &Request::Status));
    let (again, end) = (progress(&answers[0]), progress(&answers[1]));
    assert_eq!((again.updates, again.digest, again.durable), (600, kept.digest, Some(600)));
    assert_eq!((end.updates, end.durable), (1_000, Some(1_000)));
    let whole = Script::default().configure(&Job::Select(selection(1_000))).later(2_000, &Request::Status);
    let mut board = Board::new();
    board.sensor.loses_every = Some(4);
    assert_eq!(progress(&board.run(whole)[1]).digest, end.digest);
}

#[test]
fn what_a_selection_cannot_do_is_refused() {
    let begun = |selection: Selection| Script::default().configure(&Job::Select(selection));
    let script = begun(selection(1_000))
        .say(&Request::Params { first: 0 })
        .say(&Request::Advance { until: 9, digest_every: 1 })
        .say(&Request::TestLoss)
        .say(&Request::Checkpoint);
    let answers = Board::new().run(script.say(&Request::Status));
    for answer in &answers[1..4] {
        assert!(refusal(answer).contains("selects inputs"), "{answer:?}");
    }
    assert!(refusal(&answers[4]).contains("no memory for checkpoints"), "{answers:?}");
    assert_eq!(progress(&answers[5]).updates, 0);
    let task = selection(1_000).task;
    for (selection, complaint) in [
        (Selection { task: Task { inputs: 9, ..task }, ..selection(1_000) }, "8 inputs"),
        (Selection { task: Task { relevant: 7, ..task }, ..selection(1_000) }, "relevant"),
        (selection(101), "fewer than five updates"),
        (Selection { checkpoint_every: Some(0), ..selection(1_000) }, "every 0 updates"),
    ] {
        let answers = Board::new().run(begun(selection));
        assert!(refusal(&answers[0]).contains(complaint), "{answers:?}");
    }
    let of_inputs = |inputs| begun(Selection { task: Task { inputs, ..task }, ..selection(1_000) });
    let mut narrow = Board::<Sensor<4>, Nothing>::default();
    let mut wide = Board::<Sensor<12>, Nothing>::default();
    assert!(refusal(&narrow.run(of_inputs(5))[0]).contains("4 inputs"));
    assert!(refusal(&wide.run(of_inputs(9))[0]).contains("8 inputs"));
    for answers in [narrow.run(of_inputs(4)), Board::new().run(of_inputs(8)), wide.run(of_inputs(8))] {
        assert_eq!(progress(&answers[0]).updates, 0);
    }
    let answers = Board { numbers: 90, ..Board::new() }.run(begun(selection(1_000)));
    assert!(refusal(&answers[0]).contains("lent"), "{answers:?}");
}
