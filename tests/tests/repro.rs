//! `tamis repro` on the paper's synthetic experiments: against the reference curves, on a board, and with bad input.

use std::path::PathBuf;
use std::process::Output;

use anyhow::{Context, Result};
use serde_json::Value;
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Clip, Data, Init, Labels, LayerSpec, Layers, Plan, Rule, Sgd, Task, WeightDecay,
};
use tamis_host::replica::Report;
use tamis_host::repro::synthetic::{Synthetic, runs};
use tamis_host::{replica, tools};
use tamis_speed::course::{self, Net};
use tamis_tests::command;

const PUBLISHED: &str = "tests/reference/synthetic-seed0.safetensors";

/// `tamis repro` with these arguments.
fn repro(arguments: &[&str]) -> Result<Output> {
    Ok(command::tamis()?.arg("repro").args(arguments).output()?)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tamis-test-{}-repro-{name}", std::process::id()))
}

/// Without QEMU the missing program is named, before anything is trained.
#[test]
fn a_board_without_an_emulator_is_named() -> Result<()> {
    let out = folder("no-emulator");
    let mut command = command::tamis()?;
    command.args(["repro", "linear", "--machine", "mps2-an386", "--out"]).arg(&out);
    let output = command.env("PATH", "/nonexistent").output()?;
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("qemu-system-arm"), "{}", stderr(&output));
    assert!(!out.exists());
    Ok(())
}

/// The short form from the published start: every norm on the reference curve, what is not clipped diverges, and the
/// board tells the host's digests.
#[test]
fn the_published_start_follows_the_reference_curves() -> Result<()> {
    let out = folder("quick");
    let path = out.display().to_string();
    let arguments = ["linear", "--quick", "--init", PUBLISHED, "--data", PUBLISHED];
    let output = repro(&[&arguments[..], &["--machine", "mps2-an386", "--json", "--out", &path]].concat())?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let all: Value = serde_json::from_slice(&output.stdout)?;
    let linear = &all[0];
    assert_eq!(linear["target"], "linear");
    let runs = linear["runs"].as_array().context("no runs")?;
    let names: Vec<_> = runs.iter().filter_map(|run| run["name"].as_str()).take(6).collect();
    assert_eq!(names, ["GD", "SGD-512", "SGD-128", "SGD-32", "SGD-1", "GD+wd"]);
    // From another program: tests/reference/curves-seed0.csv.
    for (run, update, norm, tolerance) in [
        (0, "1", 4.4724, 0.001),
        (0, "100", 4.3515, 0.001),
        (0, "1000", 4.0962, 0.001),
        (1, "1000", 4.0888, 0.01),
        (3, "10000", 2.9938, 0.03),
        (4, "10000", 2.4893, 0.15),
        (5, "100", 1.5997, 0.002),
    ] {
        let found = runs[run]["irrelevant_norm"][update].as_f64().context("no norm")?;
        assert!((found - norm).abs() < tolerance, "{}, {update}: {found}, not {norm}", names[run]);
    }
    for run in &runs[..6] {
        for key in ["batch", "weight_decay", "relevant_norm", "loss", "clipped_share"] {
            assert!(run[key].is_number(), "{key} of {run}");
        }
        assert_eq!(run["digest"].as_str().map(str::len), Some(8));
    }
    let failures = runs[6..].iter().filter_map(|run| run["failed"]["update"].as_u64());
    assert!(failures.clone().count() == 4 && failures.max() <= Some(10), "{:?}", &runs[6..]);
    let verdicts = linear["verdicts"].as_array().context("no verdicts")?;
    assert!(verdicts.iter().all(|verdict| verdict["passes"] == true), "{verdicts:?}");
    let digests = verdicts.iter().find(|verdict| verdict["what"] == "mps2-an386, equal digests");
    assert_eq!(digests.map(|verdict| &verdict["value"]), Some(&Value::from(50.0)));
    for picture in ["curves", "first-layer", "gram"] {
        let png = std::fs::read(out.join(format!("linear-{picture}.png")))?;
        assert!(png.starts_with(b"\x89PNG"), "{picture}");
    }
    std::fs::remove_dir_all(out)?;
    Ok(())
}

/// What the loop gives alone and in lanes is what a plan gives: batches of one and of many, whole sets, decay.
#[test]
fn the_loop_has_the_bits_of_a_plan() -> Result<()> {
    let linear = |outputs| LayerSpec::new(outputs, AnyActivation::Identity).without_bias();
    let layers = Layers::new(15, &[linear(15), linear(15), linear(15), linear(1)])?;
    let starts = (1..=2).map(|seed| runs::own_start(Synthetic::Linear, seed)).collect::<Result<Vec<_>>>()?;
    for (run, updates) in runs::RUNS.into_iter().zip([2, 25, 90, 320, 500, 2]) {
        let settings = runs::settings(&run, 0.1);
        let lanes = course::run(Net::Linear, &starts, &settings, &[updates], &mut |_| {})?;
        for (start, lane) in starts.iter().zip(&lanes) {
            let alone =
                course::run(Net::Linear, std::slice::from_ref(start), &settings, &[updates], &mut |_| {})?;
            assert_eq!(&alone[0], lane, "{}", run.name);
            let mut sgd = Sgd::new(0.1)?.clip(Clip::Norm(1.0))?;
            if let Some(lambda) = run.weight_decay {
                sgd = sgd.weight_decay(WeightDecay::coupled(lambda))?;
            }
            let is_whole = run.batch == runs::SAMPLES;
            let samples = runs::SAMPLES as u16;
            let task = Task::plain(tamis::Target::Linear, 15, 5, 0.001, start.seed);
            let plan = Plan {
                seed: start.seed,
                task: Task { labels: Labels::Mirrored(5_000), ..task },
                data: if is_whole { Data::Sequential(samples) } else { Data::Shuffled(samples) },
                standardise: None,
                label_noise: None,
                init: Init::he(),
                batch: run.batch,
                sgd,
                momentum: None,
                pressed: None,
                updates,
                rule: Rule::Gap { least: 3.0 },
            };
            let training = Training { layers: layers.clone(), loss: AnyLoss::Mse, plan };
            let last = Report { digest_every: u32::MAX, params: None };
            let digest = replica::run(&training, last, |_| {})?.digest();
            assert_eq!(digest, Some(lane[0].digest), "{} of seed {}", run.name, start.seed.0);
        }
    }
    Ok(())
}

/// A safetensors file of one tensor of zeros.
fn tensor(name: &str, shape: [usize; 2]) -> Vec<u8> {
    let bytes = 4 * shape[0] * shape[1];
    let header = format!(
        "{{\"{name}\":{{\"dtype\":\"F32\",\"shape\":[{},{}],\"data_offsets\":[0,{bytes}]}}}}",
        shape[0], shape[1]
    );
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; bytes]].concat()
}

#[test]
fn bad_input_is_named() -> Result<()> {
    let out = folder("bad");
    std::fs::create_dir_all(&out)?;
    let file = |name: &str, bytes: &[u8]| -> Result<String> {
        let path = out.join(name);
        std::fs::write(&path, bytes)?;
        Ok(path.display().to_string())
    };
    let (wide, other) = (file("wide", &tensor("w1", [16, 15]))?, file("other", &tensor("v", [2, 2]))?);
    let torn = file("torn", &std::fs::read(tools::workspace().join(PUBLISHED))?[..1000])?;
    let path = out.display().to_string();
    for (arguments, code, message) in [
        (&["cosine"][..], 2, "invalid value 'cosine'"),
        (&["linear", "--init", PUBLISHED], 2, "--data <FILE>"),
        (&["linear", "--seeds", "0"], 2, "invalid value '0' for '--seeds <N>'"),
        (&["linear", "--step-size=-0.1"], 2, "it must be a positive number"),
        (&["linear", "--init", "no/file", "--data", PUBLISHED, "--out", &path], 1, "no/file cannot be read"),
        (
            &["linear", "--init", &wide, "--data", PUBLISHED, "--out", &path],
            1,
            "w1 has the shape [16, 15], not [15, 15]",
        ),
        (&["linear", "--init", &other, "--data", PUBLISHED, "--out", &path], 1, "has no tensor w1"),
        (
            &["sine", "--init", PUBLISHED, "--data", &torn, "--out", &path],
            1,
            "torn is not a safetensors file",
        ),
        (&["linear", "--machine", "microbit", "--out", &path], 1, "--machine must be mps2-an386"),
        (&["linear", "--out", "Cargo.toml/x"], 1, "the folder Cargo.toml/x cannot be made"),
    ] {
        let output = repro(arguments)?;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
    std::fs::remove_dir_all(out)?;
    Ok(())
}
