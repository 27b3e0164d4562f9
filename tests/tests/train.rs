//! Whole-program runs of `tamis train`: what it prints, what it draws, how it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result};
use serde_json::Value;
use tamis::Task;
use tamis_host::friedman::Friedman;
use tamis_host::replica::Report;
use tamis_host::{experiments, replica};
use tamis_tests::command;

/// `tamis train` with these arguments.
fn train(out: &Path, arguments: &str) -> Result<Command> {
    let mut command = command::tamis()?;
    command.arg("train").args(arguments.split_whitespace()).arg("--out").arg(out);
    Ok(command)
}

/// A folder of this test's own, which is not there yet.
fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tamis-train-{}-{name}", std::process::id()))
}

fn json(output: &Output) -> Result<Value> {
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("not JSON: {}", String::from_utf8_lossy(&output.stdout)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The names of the files in `folder`, in order.
fn files(folder: &Path) -> Result<Vec<String>> {
    let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

const PICTURES: [&str; 4] = ["curves.png", "curves.svg", "weights.png", "weights.svg"];
const LAST: Report = Report { digest_every: u32::MAX, params: None };

#[test]
fn part_c_of_the_demonstration_has_the_same_bits() -> Result<()> {
    let out = folder("part-c");
    let output = train(&out, "--final-drop 40000:0.2 --json")?.output()?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output)?;
    let row = &experiments::demonstration(1)?[5];
    let outcome = replica::run(&row.experiment.training, LAST, |_| {})?;
    let digest = outcome.digest().context("no digest")?;
    assert_eq!(report["digest"], format!("{digest:08x}"));
    assert_eq!(report["settings"]["plan"]["sgd"]["schedule"]["eta"], 0.05);
    for (field, value) in [
        ("task", "sine".into()),
        ("shape", "8-16-1".into()),
        ("updates", 50_000.into()),
        ("exact", true.into()),
        ("machine", Value::Null),
        ("digests_compared", 0.into()),
        ("first_difference", Value::Null),
        ("accuracy", Value::Null),
        ("ram_bytes", 1072.into()),
    ] {
        assert_eq!(report[field], value, "{field}");
    }
    // On a stream there is always a residual; 2 over the step size before the drop, or after it.
    let measured = |field: &str| report[field].as_f64().with_context(|| format!("no {field}"));
    assert_eq!((&report["regime"], &report["clipped_share"]), (&"noisy and stable".into(), &Value::Null));
    assert!((measured("stable_below")? - 200.0).abs() < 1e-3, "{}", report["stable_below"]);
    assert!((1.0..200.0).contains(&measured("sharpness")?), "{}", report["sharpness"]);
    assert!((1e-3..1.0).contains(&measured("residual")?), "{}", report["residual"]);
    let near = |field: &str, value: f32| {
        let told = report[field].as_f64().with_context(|| format!("no {field}"))?;
        assert!((told - f64::from(value)).abs() < 1e-6, "{field}: {told}, not {value}");
        anyhow::Ok(())
    };
    let contrast = outcome.contrast(&row.experiment.training.plan);
    near("ratio", contrast.ratio)?;
    near("gap", contrast.gap)?;
    near("relevant_norm", contrast.relevant_norm)?;
    near("irrelevant_norm", contrast.irrelevant_norm)?;
    near("test_loss", f32::from_bits(outcome.test_loss))?;
    let buffers = report["ram_by_buffer"].as_object().context("no buffers")?;
    assert_eq!(buffers.values().filter_map(Value::as_u64).sum::<u64>(), 1072);
    assert_eq!(report["verdicts"].as_array().map(Vec::len), Some(8));
    assert_eq!(report["norms"].as_array().map(Vec::len), Some(8));

    let curve = report["curve"].as_array().context("no curve")?;
    assert_eq!(curve.len(), 500);
    let updates = curve.iter().zip((100..).step_by(100)).all(|(point, update)| point["update"] == update);
    assert!(
        updates && curve[499]["loss"].is_f64() && curve[499]["norms"].as_array().map(Vec::len) == Some(8)
    );

    assert_eq!(files(&out)?, PICTURES);
    assert!(std::fs::read(out.join("curves.png"))?.starts_with(b"\x89PNG"));
    std::fs::remove_dir_all(out)?;
    Ok(())
}

#[test]
fn friedman_trains_on_the_host_with_the_bits_of_the_replica() -> Result<()> {
    let out = folder("friedman");
    let line = "--task friedman1 --shape 14-8-1 --inputs 10 --updates 3000 --standardise 50 --seed 5 --json";
    let output = train(&out, line)?.output()?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output)?;
    assert_eq!((&report["task"], &report["shape"]), (&"friedman1".into(), &"14-8-1".into()));
    assert_eq!(report["inputs"].as_array().map(Vec::len), Some(14));
    assert_eq!(report["settings"]["plan"]["task"]["target"], "friedman1");

    let mut plan = experiments::demonstration(5)?[5].experiment.training.clone();
    plan.layers = tamis::Layers::new(
        14,
        &[
            tamis::LayerSpec::new(8, tamis::AnyActivation::Tanh),
            tamis::LayerSpec::new(1, tamis::AnyActivation::Identity),
        ],
    )?;
    plan.plan.sgd = tamis::Sgd::new(0.05)?;
    plan.plan.updates = 3000;
    plan.plan.standardise = Some(50);
    plan.plan.task = Task { inputs: 10, relevant: 5, ..plan.plan.task };
    plan.plan.rule = tamis::Rule::Probes { count: 4, factor: 3.0 };
    let friedman = Friedman { seed: tamis::Seed(5), inputs: 10, noise: 0.3 };
    let (outcome, test) = replica::run_on(&plan, friedman, LAST, |_| {})?;
    let digest = outcome.digest().context("no digest")?;
    assert_eq!(report["digest"], format!("{digest:08x}"));
    assert_eq!(report["test_error"], test.error());
    // Targets of variance 1, of which the network explains something.
    assert!((0.9..1.1).contains(&test.variance) && test.error() < 0.5, "{test:?}");
    std::fs::remove_dir_all(out)?;
    Ok(())
}

#[test]
fn classes_are_told_by_their_accuracy() -> Result<()> {
    let out = folder("classes");
    for line in ["--loss binary --updates 5000 --json", "--loss softmax --shape 8-16-3 --updates 5000 --json"]
    {
        let output = train(&out, line)?.output()?;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report = json(&output)?;
        assert!(report["accuracy"].as_f64().is_some_and(|share| (0.6..=1.0).contains(&share)), "{report}");
        assert_eq!(report["test_error"], Value::Null);
    }
    std::fs::remove_dir_all(out)?;
    Ok(())
}

#[test]
fn tables_tell_what_the_picture_shows() -> Result<()> {
    let out = folder("tables");
    let line = "--task linear --inputs 6 --shape 14-8-1 --activation identity --no-bias --data shuffled:256 \
                --noise 0.6 --step-size 0.02 --updates 20000 --final-drop 16000:0.2";
    let output = train(&out, line)?.output()?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout)?;
    for part in [
        "linear, 2 of 6 inputs relevant, 8 probes, network 14-8-1, identity",
        "SGD, batch 1, step size 0.02, 256 shuffled, 20,000 updates, seed 1",
        "ratio 0.03 · found x1 x2",
        "0465203b",
        "1.1 %",
        "indices   samples   norms    RAM",
        "weights.png",
        "curves.png",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let curves = std::fs::read_to_string(out.join("curves.svg"))?;
    for part in [">step size times 0.2<", ">p1 to p8<", ">x3 to x6<", ">20,000<"] {
        assert!(curves.contains(part), "{part} is not in the picture");
    }
    std::fs::remove_dir_all(out)?;
    Ok(())
}

#[test]
fn a_board_has_the_same_bits() -> Result<()> {
    let out = folder("board");
    let line = "--updates 1050 --shape 9-6-1 --inputs 7 --batch 2 --momentum 0.5 --machine mps2-an386";
    let output = train(&out, &format!("{line} --json"))?.output()?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output)?;
    // After every 100 updates, and after the last.
    assert_eq!((&report["machine"], &report["digests_compared"]), (&"mps2-an386".into(), &11.into()));
    assert_eq!(report["first_difference"], Value::Null);

    let output = train(&out, line)?.output()?;
    let text = String::from_utf8(output.stdout)?;
    assert!(text.contains("mps2-an386: 11 digests compared, all equal"), "{text}");

    // Without an emulator the host's half still runs.
    let output = train(&out, line)?.env("PATH", "/nonexistent").output()?;
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("nothing ran on a device: qemu-system-arm is not installed"));
    assert!(String::from_utf8(output.stdout)?.contains("found"));

    // What does not fit a board, the board says.
    let output = train(&out, "--updates 100 --inputs 9 --machine mps2-an386")?.output()?;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("mps2-an386: the device refuses: the sensor has 8 inputs"));
    std::fs::remove_dir_all(out)?;
    Ok(())
}

#[test]
fn a_training_that_diverges_says_when() -> Result<()> {
    // At once: nothing to show.
    let out = folder("diverges-at-once");
    let output = train(&out, "--activation relu --step-size 2")?.output()?;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", stderr(&output));
    let said = "error: the training diverges in update 6: the loss is not a finite number; \
                try a --step-size lower than 2\n";
    assert_eq!(stderr(&output), said);
    assert!(files(&out)?.is_empty());
    std::fs::remove_dir_all(out)?;

    // Late: the picture shows how it came to that.
    let out = folder("diverges-late");
    let line = "--task product --activation relu --step-size 0.1 --warm-up 20000 --noise 1 --json";
    let output = train(&out, line)?.output()?;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", stderr(&output));
    assert!(stderr(&output).contains("the training diverges in update 8763"), "{}", stderr(&output));
    assert_eq!(files(&out)?, PICTURES[..2]);
    assert!(std::fs::read_to_string(out.join("curves.svg"))?.contains(">diverges in update 8,763<"));
    std::fs::remove_dir_all(out)?;
    Ok(())
}

#[test]
fn bad_command_lines_are_refused() -> Result<()> {
    let out = folder("bad");
    for (line, code, message) in [
        (
            "--shape 8-0-1",
            2,
            "invalid value '8-0-1' for '--shape <8-16-1>': every layer has at least one unit",
        ),
        ("--step-size 0", 2, "error: --step-size: the step size must be a positive finite number"),
        ("--momentum 1", 2, "error: --momentum: the momentum must be at least 0 and less than 1"),
        ("--l1 0.1 --group-lasso 0.1", 2, "cannot be used with '--group-lasso"),
        ("--relevant 9", 2, "error: --relevant: the relevant inputs must be at most all"),
        ("--task friedman1 --machine microbit", 2, "error: --machine: friedman1 is for the host only"),
        ("--machine z80", 2, "invalid value 'z80' for '--machine <MACHINE>'"),
    ] {
        let output = train(&out, line)?.output()?;
        assert_eq!(output.status.code(), Some(code), "{line}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{line}: {}", stderr(&output));
    }
    assert!(!out.exists());
    let output = train(Path::new("Cargo.toml/x"), "")?.output()?;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the folder Cargo.toml/x cannot be made"));
    Ok(())
}

#[test]
fn a_training_too_short_for_norms_has_no_verdicts() -> Result<()> {
    let out = folder("short");
    let output = train(&out, "--updates 1 --json")?.output()?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output)?;
    assert_eq!((&report["norms"], &report["ratio"]), (&Value::Array(Vec::new()), &Value::Null));
    assert_eq!(files(&out)?, PICTURES);
    std::fs::remove_dir_all(out)?;
    Ok(())
}

/// What shrinks nothing and what shrinks faster than the law, in words and in numbers.
#[test]
fn regimes_are_told_in_words_and_in_numbers() -> Result<()> {
    let out = folder("regimes");
    let linear = "--task linear --inputs 6 --shape 14-8-1 --activation identity --no-bias";
    for (settings, name, words, stable_below) in [
        ("--noise 0 --step-size 0.02 --updates 3000", "interpolated", "interpolated: nothing shrinks", 100.0),
        (
            "--noise 0.6 --step-size 0.5 --clip-norm 1 --batch 32 --updates 2000",
            "unstable and clipped",
            "unstable and held by the clip: shrinks faster than the law",
            4.0,
        ),
    ] {
        let output = train(&out, &format!("{linear} {settings}"))?.output()?;
        let text = String::from_utf8(output.stdout)?;
        assert!(text.contains(&format!("regime: {words} (sharpness ")), "{settings}:\n{text}");

        let report = json(&train(&out, &format!("{linear} {settings} --json"))?.output()?)?;
        assert_eq!(report["regime"], name, "{report}");
        let number = |field: &str| report[field].as_f64();
        assert!(number("stable_below").is_some_and(|below| (below - stable_below).abs() < 1e-4), "{report}");
        let is_clipped = settings.contains("clip");
        assert_eq!(
            number("sharpness").map(|sharpness| sharpness >= stable_below),
            Some(is_clipped),
            "{report}"
        );
        assert_eq!(number("clipped_share").map(|share| share > 0.5), is_clipped.then_some(true), "{report}");
        // Without noise nothing is left; with it at least its share, 0.36 of 2.36.
        let least = if is_clipped { 0.36 / 2.36 } else { 0.0 };
        let most = if is_clipped { 0.5 } else { 1e-9 };
        assert!(number("residual").is_some_and(|residual| (least..most).contains(&residual)), "{report}");
    }
    std::fs::remove_dir_all(out)?;
    Ok(())
}
