//! Whole-program runs of `tamis`: what it prints, how it ends, and that the README tells no other figures.

use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context, Result};
use serde_json::Value;
use tamis_host::machine::Machine;
use tamis_host::{crosscheck, exchange, fits, tools};
use tamis_tests::{altered, command};

/// `tamis` with these arguments.
fn tamis(arguments: &[&str]) -> Result<Command> {
    let mut command = command::tamis()?;
    command.args(arguments);
    Ok(command)
}

fn json(output: &Output) -> Result<Value> {
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("not JSON: {}", String::from_utf8_lossy(&output.stdout)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tamis-test-{}-{name}", std::process::id()))
}

fn readme() -> Result<String> {
    Ok(std::fs::read_to_string(tools::workspace().join("README.md"))?)
}

#[test]
fn the_demo_holds_and_the_readme_tells_its_figures() -> Result<()> {
    let out = folder("demo");
    let output = tamis(&["demo", "--json", "--out"])?.arg(&out).output()?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output)?;
    assert_eq!(report["machine"], "mps2-an386");
    assert_eq!(report["first_difference"], Value::Null);
    let runs = report["runs"].as_array().context("no runs")?;
    assert_eq!(runs.len(), 8);
    assert!(runs.iter().all(|run| run["met"] == true));
    for run in runs {
        assert!(run["regime"].is_string(), "{run}");
        let clips = &run["clipped_share"];
        assert!(clips.is_null() || clips.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)), "{run}");
        for field in ["sharpness", "stable_below", "residual"] {
            assert!(run[field].as_f64().is_some_and(|value| value > 0.0), "{field}: {run}");
        }
    }
    let digests: u64 = runs.iter().filter_map(|run| run["digests_compared"].as_u64()).sum();
    assert_eq!(report["digests_compared"], digests);
    // A digest after every 100 updates that the device made.
    let updates: u64 = runs.iter().filter_map(|run| run["device_updates"].as_u64()).sum();
    assert_eq!(digests, updates / 100);

    let readme = readme()?;
    for run in runs {
        let line = readme_line(run)?;
        assert!(readme.contains(&line), "not in the README:\n{line}");
    }
    let png = std::fs::read(out.join("weights.png"))?;
    assert!(png.starts_with(b"\x89PNG"));
    assert_eq!(
        std::fs::read(out.join("weights.svg"))?,
        std::fs::read(tools::workspace().join("docs/weights.svg"))?
    );
    std::fs::remove_dir_all(out)?;
    Ok(())
}

/// A row of the README's table.
fn readme_line(run: &Value) -> Result<String> {
    let number = |field: &str| run[field].as_f64().with_context(|| format!("no {field}"));
    let text = |field: &str| run[field].as_str().with_context(|| format!("no {field}"));
    let verdicts = run["verdicts"].as_array().context("no verdicts")?.iter().enumerate();
    let found: Vec<String> = verdicts
        .filter(|(_, verdict)| *verdict == "relevant")
        .map(|(input, _)| format!("x{}", input + 1))
        .collect();
    Ok(format!(
        "| {}: {} | {:.3} | {:.1} | {:.1} % | {} | {} B | {:.0} |",
        text("demo")?,
        text("name")?,
        number("ratio")?,
        number("gap")?,
        100.0 * number("test_error")?,
        if found.is_empty() { "none".to_owned() } else { found.join(" ") },
        run["ram_bytes"],
        number("instructions_per_step")?,
    ))
}

#[test]
fn the_readme_shows_the_example_as_it_is() -> Result<()> {
    let example = std::fs::read_to_string(tools::workspace().join("firmware/src/bin/example.rs"))?;
    assert!(readme()?.contains(&format!("```rust\n{example}```\n")));
    Ok(())
}

#[test]
fn the_readme_tells_what_fits() -> Result<()> {
    let fit = fits::fit(16);
    let (sgd, gd) = (fit.batch_1.context("nothing")?, fit.gd_256_stored.context("nothing")?);
    let readme = readme()?;
    assert!(
        readme.contains(&format!("SGD trains 8-{sgd}-1;")) && readme.contains(&format!("ends at 8-{gd}-1,"))
    );
    let output = tamis(&["fits", "--json"])?.output()?;
    assert_eq!(json(&output)?["largest_h"][2], serde_json::to_value(fit)?);
    Ok(())
}

/// Without an emulator the host's half still runs, and the output says what did not.
#[test]
fn without_an_emulator_the_exit_code_is_3() -> Result<()> {
    let out = folder("no-emulator");
    let output = tamis(&["demo", "--json", "--out"])?.arg(&out).env("PATH", "/nonexistent").output()?;
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("nothing ran on a device: qemu-system-arm is not installed"),
        "{}",
        stderr(&output)
    );
    let report = json(&output)?;
    assert_eq!(report["digests_compared"], 0);
    let runs = report["runs"].as_array().context("no runs")?;
    assert!(runs.iter().all(|run| run["met"] == true && run["instructions_per_step"].is_null()));
    std::fs::remove_dir_all(out)?;

    let output = tamis(&["crosscheck"])?.env("PATH", "/nonexistent").output()?;
    assert_eq!(output.status.code(), Some(3));
    Ok(())
}

/// A firmware with one wrong bit: exit code 1, and the place in the JSON.
#[test]
fn a_difference_is_exit_code_1() -> Result<()> {
    let elf = tools::build_firmware(Machine::MpsAn386, "altered")?;
    let output = tamis(&["crosscheck", "--machine", "mps2-an386", "--json", "--elf"])?.arg(elf).output()?;
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let difference = &json(&output)?["machines"][0]["first_difference"];
    let trainings = crosscheck::experiments(Machine::MpsAn386, 1)?;
    let first = trainings.iter().find_map(|training| Some((&training.name, altered::place(training)?)));
    let (run, (layer, index)) = first.context("no training is so large")?;
    assert_eq!((&difference["run"], &difference["step"]), (&run.as_str().into(), &altered::UPDATE.into()));
    assert_eq!((&difference["layer"], &difference["index"]), (&layer.into(), &index.into()));
    Ok(())
}

#[test]
fn a_network_of_pytorch_is_imported() -> Result<()> {
    let folder = folder("import");
    let out = folder.join("model");
    let file = "tests/reference/exchange/torch_named.safetensors";
    let import = |arguments: &[&str]| -> Result<Output> {
        Ok(tamis(&["import", file])?.args(arguments).arg("--out").arg(&out).output()?)
    };
    let output = import(&["--activation", "relu", "--last", "sigmoid", "--json"])?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output)?;
    assert_eq!((&report["network"], &report["params"]), (&"4-6-5-2".into(), &(24 + 35 + 10).into()));
    assert_eq!(report["layers"][2]["activation"], "sigmoid");
    // Parameters, twice the units, one sample.
    assert_eq!(report["ram_bytes"]["batch_1"], 4 * (69 + 2 * 13 + 6));
    let written = exchange::read(&out.join("model.onnx"), exchange::Hints::default())?;
    assert_eq!(report["digest"], exchange::digest(&written.image.params));
    assert_eq!(std::fs::read_dir(&out)?.count(), 4, "nothing else is left there");

    let output = import(&[])?;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("give --activation"), "{}", stderr(&output));
    std::fs::write(out.join("model.onnx"), "")?;
    let output = tamis(&["import"])?.arg(out.join("model.onnx")).output()?;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no graph"), "{}", stderr(&output));
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

#[test]
fn bad_arguments_are_named() -> Result<()> {
    for (arguments, code, message) in [
        (&["demo", "--machine", "z80"][..], 2, "invalid value 'z80' for '--machine <MACHINE>'"),
        (&["crosscheck", "--machine", "z80"], 2, "there are mps2-an386, mps2-an500,"),
        (&["demo", "--seed", "-1"], 2, "unexpected argument '-1'"),
        (&["crosscheck", "--elf", "x"], 1, "--elf needs --machine"),
        (&["crosscheck", "--machine", "microbit", "--elf", "Cargo.toml"], 1, "Cargo.toml is not an ELF file"),
        (&["demo", "--out", "Cargo.toml/x"], 1, "the folder Cargo.toml/x cannot be made"),
    ] {
        let output = tamis(arguments)?.output()?;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
    Ok(())
}

#[test]
fn help_has_an_example() -> Result<()> {
    let commands = [
        "bench",
        "boards",
        "demo",
        "crosscheck",
        "fits",
        "import",
        "repro",
        "run",
        "select",
        "sweep",
        "theory",
        "train",
        "trials",
    ];
    for command in commands {
        let output = tamis(&[command, "--help"])?.output()?;
        assert!(String::from_utf8_lossy(&output.stdout).contains(&format!("Example:\n    tamis {command}")));
    }
    Ok(())
}
