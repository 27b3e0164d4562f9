//! `tamis sweep`, whole: rows have the bits that their trainings have alone, on the host and on a board; a stopped sweep
//! goes on, parts become the table of one sweep, and what is wrong is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tamis::Network;
use tamis::support::{Contrast, column_norms};
use tamis_host::replica;
use tamis_host::replica::Report;
use tamis_host::sweep::grid::{Grid, GridOptions};
use tamis_host::sweep::row::Rows;
use tamis_tests::command;

/// `tamis sweep` with these arguments, and paths after them.
fn sweep(arguments: &str, paths: &[&Path]) -> Result<Output> {
    Ok(command::tamis()?.arg("sweep").args(arguments.split_whitespace()).args(paths).output()?)
}

/// A folder of this test's own.
fn folder(name: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("tamis-sweep-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn succeeds(output: &Output) -> Result<()> {
    ensure!(output.status.code() == Some(0), "{:?}: {}", output.status, stderr(output));
    Ok(())
}

/// Ends with this code, and says this.
fn fails(output: &Output, code: i32, message: &str) -> Result<()> {
    ensure!(output.status.code() == Some(code), "{:?}, not {code}: {}", output.status, stderr(output));
    ensure!(stderr(output).contains(message), "not \"{message}\": {}", stderr(output));
    Ok(())
}

/// Trainings of 6 inputs with 2 probes, short enough for a board.
const SMALL: &str = "run --task linear --inputs 6 --shape 8-6-1 --activation identity --no-bias --noise 0.6 \
    --step-size 0.005,0.01,0.02,3 --batch 1,3 --weight-decay off,0.01 --updates 250";

#[test]
fn rows_have_the_bits_of_trainings_alone_and_on_a_board() -> Result<()> {
    let out = folder("verify")?;
    let file = out.join("rows.csv");
    succeeds(&sweep(&format!("{SMALL} --seed 1..20 --out"), &[&file])?)?;
    let text = fs::read_to_string(&file)?;
    assert_eq!(text.lines().count(), 1 + 4 * 2 * 2 * 20);
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let column =
        |name: &str| text.lines().next().and_then(|line| line.split(',').position(|cell| cell == name));
    let (step_size, diverged) =
        (column("step_size").context("eta")?, column("diverged_in").context("diverged")?);
    let digest = column("digest").context("digest")?;
    for row in table.records() {
        let row = row?;
        assert_eq!(&row[step_size] == "3", !row[diverged].is_empty(), "{row:?}");
        assert_eq!(row[diverged].is_empty(), row[digest].len() == 8, "{row:?}");
    }

    // One in a hundred and a few more, so that some do not diverge.
    let output = sweep("verify --rows 8 --machine mps2-an386 --json", &[&file])?;
    succeeds(&output)?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!((report["rows"].as_u64(), report["compared"].as_u64()), (Some(320), Some(8)));
    assert!(report["compared_on_machine"].as_u64() >= Some(3), "{report}");
    assert_eq!(report["differences"], Value::Array(Vec::new()));

    // A digest with one other bit, under a checksum that fits it: both the host alone and the board tell.
    let grid =
        Grid::new(Some(("", &fs::read_to_string(out.join("rows.grid.toml"))?)), &GridOptions::default())?;
    let rows = Rows::new(&grid);
    let lines: Vec<&str> = text.lines().collect();
    let altered = altered(lines[1]).context("the first row has a digest")?;
    fs::write(&file, format!("{}{}", rows.header(), rows.sealed(&altered)))?;
    let output = sweep("verify --rows 1 --machine mps2-an386", &[&file])?;
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("run 0: digest is ") && said.contains(", alone "), "{said}");
    assert!(said.contains(", on mps2-an386 "), "{said}");
    Ok(fs::remove_dir_all(out)?)
}

/// A row without its checksum, one bit of its digest changed.
fn altered(line: &str) -> Option<String> {
    let (line, _) = line.rsplit_once(',')?;
    let (before, digest) = line.rsplit_once(',')?;
    let digest = u32::from_str_radix(digest, 16).ok()?;
    Some(format!("{before},{:08x}", digest ^ 0x400))
}

/// The norms in a row are those that `tamis train` tells of the same options.
#[test]
fn a_row_is_what_train_makes_of_the_same_options() -> Result<()> {
    let out = folder("train")?;
    let options = "--task sine --inputs 5 --relevant 2 --noise 0.2 --data shuffled:64 --batch 4 --updates 900 \
        --step-size 0.04 --final-drop 700:0.2 --label-noise 0.3 --momentum 0.5 --seed 7";
    let trained = command::tamis()?
        .arg("train")
        .args(options.split_whitespace())
        .arg("--json")
        .arg("--out")
        .arg(&out)
        .output()?;
    succeeds(&trained)?;
    let trained: Value = serde_json::from_slice(&trained.stdout)?;
    let file = out.join("rows.csv");
    succeeds(&sweep(&format!("run {options} --out"), &[&file])?)?;
    let text = fs::read_to_string(&file)?;
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let headers = table.headers()?.clone();
    let row = table.records().next().context("no row")??;
    let cell = |name: &str| {
        headers.iter().position(|header| header == name).and_then(|at| row[at].parse::<f64>().ok())
    };
    let norms: Vec<f64> =
        trained["norms"].as_array().context("norms")?.iter().filter_map(Value::as_f64).collect();
    let norm = |norms: &[f64]| norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
    let close = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 1e-5 * b);
    assert!(close(cell("relevant_norm"), norm(&norms[..2])), "{row:?} {norms:?}");
    assert!(close(cell("irrelevant_norm"), norm(&norms[2..])), "{row:?} {norms:?}");
    let error = trained["test_error"].as_f64().context("test error")?;
    assert!(close(cell("test_error"), error), "{row:?} {error}");
    Ok(fs::remove_dir_all(out)?)
}

#[test]
fn a_stopped_sweep_goes_on_to_the_same_file() -> Result<()> {
    let out = folder("resume")?;
    let (file, run) = (out.join("rows.csv"), format!("{SMALL} --seed 1,2 --out"));
    succeeds(&sweep(&run, &[&file])?)?;
    let whole = fs::read(&file)?;
    let line_ends: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] == b'\n').collect();
    // In the header, after it, in the middle of a row, without its end, after rows, with a wrong character at the end.
    for kept in [0, 9, line_ends[0] + 1, line_ends[4] + 30, line_ends[5], line_ends[6] + 1, whole.len()] {
        fs::write(&file, &whole[..kept])?;
        succeeds(&sweep(&run, &[&file])?)?;
        assert_eq!(fs::read(&file)?, whole, "from {kept} bytes");
    }
    let mut torn = whole[..=line_ends[7]].to_vec();
    torn[line_ends[7] - 1] ^= 1;
    fs::write(&file, &torn)?;
    succeeds(&sweep(&run, &[&file])?)?;
    assert_eq!(fs::read(&file)?, whole, "from a torn row with an end");

    let other = format!("{SMALL} --seed 1,3 --out");
    fails(&sweep(&other, &[&file])?, 1, "rows.csv has rows of another grid")?;
    fails(
        &sweep(&format!("{SMALL} --seed 1,2 --shard 2/2 --out"), &[&file])?,
        1,
        "run 0 stands where run 16 should",
    )?;
    let mut damaged = whole.clone();
    damaged[line_ends[2] + 8] ^= 1;
    fs::write(&file, &damaged)?;
    fails(&sweep(&run, &[&file])?, 1, "rows.csv:4: the row is damaged")?;
    fs::write(&file, "something else\n")?;
    fails(&sweep(&run, &[&file])?, 1, "rows.csv:1: this is not the header")?;
    fs::write(&file, &whole)?;
    fs::remove_file(out.join("rows.grid.toml"))?;
    fails(&sweep(&run, &[&file])?, 1, "has no grid beside it")?;
    Ok(fs::remove_dir_all(out)?)
}

/// Norms and loss of a curve are those of its training alone, at the updates that the row tells of.
#[test]
fn curves_are_those_of_trainings_alone() -> Result<()> {
    let out = folder("curves")?;
    let (file, curves) = (out.join("rows.csv"), out.join("rows.curves.csv"));
    succeeds(&sweep(&format!("{SMALL} --seed 1,2 --curves --out"), &[&file])?)?;
    let grid =
        Grid::new(Some(("", &fs::read_to_string(out.join("rows.grid.toml"))?)), &GridOptions::default())?;
    let text = fs::read_to_string(&curves)?;
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("run,update,loss,ratio,irrelevant_norm,relevant_norm,check"));
    let moments = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 63, 80];
    let moments = [&moments[..], &[100, 120, 160, 200, 250]].concat();
    let mut diverged = 0;
    for run in 0..grid.runs() {
        let training = grid.setup(run)?.training;
        let (mut sum, mut summed) = (0.0, 0.0);
        let mut seen = Vec::new();
        let report = Report { digest_every: u32::MAX, params: None };
        let ended = replica::run_on(&training, training.plan.task, report, |now| {
            sum += f64::from(now.loss);
            summed += 1.0;
            if moments.contains(&now.update) {
                let mut norms = vec![0.0; training.layers.inputs()];
                column_norms(&training.layers, now.params, &mut norms);
                let contrast = Contrast::of(&norms[..6], training.plan.task.relevant.into());
                seen.push((now.update, (sum / summed) as f32, contrast));
                (sum, summed) = (0.0, 0.0);
            }
        });
        diverged += u32::from(ended.is_err());
        for (update, loss, contrast) in seen {
            let cells: Vec<_> = lines.next().context("a line is missing")?.split(',').collect();
            let number = |cell: &str| if cell.is_empty() { f32::NAN } else { cell.parse().unwrap_or(-1.0) };
            assert_eq!((cells[0].parse(), cells[1].parse()), (Ok(run), Ok(update)));
            let expected = [loss, contrast.ratio, contrast.irrelevant_norm, contrast.relevant_norm];
            for (cell, expected) in cells[2..6].iter().zip(expected) {
                let same = number(cell).to_bits() == expected.to_bits() || !expected.is_finite();
                assert!(same, "run {run}, update {update}: {cell}, alone {expected}");
            }
        }
    }
    assert_eq!(lines.next(), None);
    assert!((1..grid.runs() as u32).contains(&diverged), "some diverge, some do not: {diverged}");
    Ok(fs::remove_dir_all(out)?)
}

/// The rows are the truth: curves without a row are made again, rows without their curves are refused.
#[test]
fn curves_go_on_and_are_merged_with_their_rows() -> Result<()> {
    let out = folder("curves-resume")?;
    let (file, curves) = (out.join("rows.csv"), out.join("rows.curves.csv"));
    let run = format!("{SMALL} --seed 1 --curves --out");
    succeeds(&sweep(&run, &[&file])?)?;
    let (rows, whole) = (fs::read(&file)?, fs::read(&curves)?);
    let ends = |text: &[u8]| (0..text.len()).filter(|&at| text[at] == b'\n').collect::<Vec<_>>();
    let (row_ends, curve_ends) = (ends(&rows), ends(&whole));
    // Stopped before the first row, after a curve, in a curve, in a row, and not at all.
    let all = curve_ends.len();
    for (kept_rows, kept) in [
        (0, 7),
        (row_ends[0] + 1, curve_ends[30]),
        (row_ends[1] + 1, curve_ends[50] + 9),
        (row_ends[3] - 4, whole.len()),
        (rows.len(), curve_ends[all - 1] + 1),
    ] {
        fs::write(&file, &rows[..kept_rows])?;
        fs::write(&curves, &whole[..kept])?;
        succeeds(&sweep(&run, &[&file])?)?;
        assert!(fs::read(&file)? == rows && fs::read(&curves)? == whole, "from {kept_rows} and {kept} bytes");
    }
    let without = format!("{SMALL} --seed 1 --out");
    fails(&sweep(&without, &[&file])?, 1, "rows.curves.csv: add --curves")?;
    fs::write(&curves, &whole[..curve_ends[30] + 1])?;
    fails(&sweep(&run, &[&file])?, 1, "rows.curves.csv:32: run 1 after update 12 should stand here")?;
    fs::remove_file(&curves)?;
    fails(&sweep(&run, &[&file])?, 1, "rows.curves.csv:1: this is not the header of curves")?;
    fs::write(&curves, &whole)?;

    let [one, two, merged] = ["one.csv", "two.csv", "merged.csv"].map(|name| out.join(name));
    for (k, part) in [(1, &one), (2, &two)] {
        succeeds(&sweep(&format!("{SMALL} --seed 1 --curves --shard {k}/2 --out"), &[part])?)?;
    }
    succeeds(&sweep("merge", &[&merged, &two, &one])?)?;
    assert_eq!(fs::read(&merged)?, rows);
    assert_eq!(fs::read(out.join("merged.curves.csv"))?, whole);
    fs::remove_file(out.join("two.curves.csv"))?;
    fails(&sweep("merge", &[&merged, &two, &one])?, 1, "two.csv has no curves, other parts have")?;
    Ok(fs::remove_dir_all(out)?)
}

#[test]
fn parts_become_the_table_of_one_sweep() -> Result<()> {
    let out = folder("merge")?;
    let (whole, merged) = (out.join("whole.csv"), out.join("merged.csv"));
    let grid = out.join("small.toml");
    fs::write(
        &grid,
        "task = 'linear'\ninputs = 6\nshape = '8-6-1'\nactivation = 'identity'\nno-bias = true\nnoise = 0.6\n\
         step-size = [0.005, 0.01, 0.02, 3]\nbatch = [1, 3]\nweight-decay = ['off', 0.01]\nupdates = 250\nseed = [1, 2]\n",
    )?;
    // From options and from a file it is one grid.
    succeeds(&sweep(&format!("{SMALL} --seed 1,2 --out"), &[&whole])?)?;
    let part = |k: u32| out.join(format!("part{k}.csv"));
    for k in 1..=3 {
        succeeds(&sweep(&format!("run --shard {k}/3 --out"), &[&part(k), &grid])?)?;
    }
    let [one, two, three] = [part(1), part(2), part(3)];
    succeeds(&sweep("merge", &[&merged, &three, &one, &two])?)?;
    assert_eq!(fs::read(&merged)?, fs::read(&whole)?);
    assert_eq!(fs::read(out.join("merged.grid.toml"))?, fs::read(out.join("whole.grid.toml"))?);

    fails(&sweep("merge", &[&merged, &one, &three])?, 1, "there is a gap before ")?;
    fails(&sweep("merge", &[&merged, &one, &two])?, 1, "there is a gap at the end: runs 21 to 31")?;
    fails(&sweep("merge", &[&merged, &one, &two, &two, &three])?, 1, "overlap: both have run 10")?;
    let other = out.join("other.csv");
    succeeds(&sweep(&format!("{SMALL} --seed 1,4 --shard 2/3 --out"), &[&other])?)?;
    fails(
        &sweep("merge", &[&merged, &one, &other, &three])?,
        1,
        "other.csv is a part of another grid than ",
    )?;
    let text = fs::read(&two)?;
    fs::write(&two, &text[..text.len() - 5])?;
    fails(&sweep("merge", &[&merged, &one, &two, &three])?, 1, "part2.csv: its last row is torn")?;
    assert_eq!(fs::read(&merged)?, fs::read(&whole)?, "a refused merge leaves the file alone");
    Ok(fs::remove_dir_all(out)?)
}

/// A file that may not grow beyond 4 KiB stands for a full disk.
#[test]
fn a_full_disk_keeps_the_rows_so_far() -> Result<()> {
    let out = folder("full")?;
    let file = out.join("rows.csv");
    let run = format!("{SMALL} --seed 1..4 --out {}", file.display());
    let program = command::tamis()?.get_program().to_owned();
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" sweep \"$@\""]).arg(&program);
    let output = limited.args(run.split_whitespace()).output()?;
    fails(&output, 1, "rows.csv cannot be written; the rows before run ")?;
    let kept = fs::read_to_string(&file)?;
    assert!(kept.lines().count() > 20 && kept.len() == 4096, "{} bytes", kept.len());
    succeeds(&sweep(&run, &[])?)?;
    let whole = fs::read_to_string(&file)?;
    assert!(whole.starts_with(&kept) && whole.lines().count() == 65);
    Ok(fs::remove_dir_all(out)?)
}

#[test]
fn what_is_wrong_is_named() -> Result<()> {
    let out = folder("bad")?;
    let rows = out.join("rows.csv");
    for (arguments, message) in [
        ("--task nonsense", "--task: invalid value 'nonsense'"),
        ("--step-size 0.1,fast", "--step-size: invalid value 'fast'"),
        ("--step-size=-1", "--step-size: the step size must be"),
        ("--seed 1,2,1", "--seed: 1 is there twice"),
        ("--seed 5..4", "--seed: there is no value, so the grid has zero runs"),
        ("--no-bias=maybe", "--no-bias: 'maybe' is not a value of it"),
        ("--task friedman1", "friedman1 is for `tamis train` only"),
        ("--final-drop 100:0.2 --updates 50,200", "run 0, --updates=50 --final-drop=100:0.2: --final-drop:"),
        (
            "--seed 1..50000 --batch 1,2,4,8",
            "the grid has 200,000 runs, more than 100,000; if you mean it, add --yes",
        ),
        ("--seed 1..1000000", "is more values than"),
        ("--seed 1..500 --updates 1000000 --batch 4096", "the grid has 2,048,000,000,000 samples to visit"),
        ("--shard 0/3", "from 1/N to N/N"),
        ("nowhere.toml", "nowhere.toml cannot be read"),
    ] {
        fails(&sweep(&format!("run {arguments} --out"), &[&rows])?, 2, message)?;
    }
    for (text, message) in [
        (
            "task = 'linear'\nstep_sizes = [1]\n",
            "grid.toml:2: there is no option 'step-sizes'; there are task, ",
        ),
        ("\n\ntask = ['linear', 'quadratic']\n", "grid.toml:3: task: invalid value 'quadratic'"),
        ("seed = []\n", "grid.toml:1: seed: there is no value, so the grid has zero runs"),
        ("batch = [1, [2]]\n", "grid.toml:1: batch: a array is no value of an option"),
        ("batch = 1\nseed = \n", "grid.toml:2: "),
    ] {
        let grid = out.join("grid.toml");
        fs::write(&grid, text)?;
        fails(&sweep("run --out", &[&rows, &grid])?, 2, message)?;
    }
    assert!(!rows.exists());
    fails(
        &sweep("run --updates 10 --out", &[&out.join("no/rows.csv")])?,
        1,
        "no/rows.csv cannot be written",
    )?;
    fails(&sweep("run --updates 10 --out", &[Path::new("/dev/full")])?, 1, "/dev/full cannot be written")?;
    fails(&sweep("verify", &[&rows])?, 1, "rows.csv has no grid beside it")?;

    succeeds(&sweep("run --updates 200 --step-size 0.01,0.05 --batch 1,2 --out", &[&rows])?)?;
    fails(&sweep("plot --x speed", &[&rows])?, 1, "rows.csv has no column 'speed'; there are run, task, ")?;
    fails(&sweep("plot --colour task", &[&rows])?, 1, "rows.csv:2: task: 'sine' is not a number")?;
    fails(&sweep("plot --out", &[&rows.join("x"), &rows])?, 1, "x cannot be made")?;
    succeeds(&sweep("plot --out", &[&out, &rows])?)?;
    succeeds(&sweep(
        "plot --x irrelevant_norm --y test_error --colour step_size --name points --out",
        &[&out, &rows],
    )?)?;
    assert!(
        ["phase.png", "points.png"]
            .iter()
            .all(|name| fs::read(out.join(name)).is_ok_and(|png| png.starts_with(b"\x89PNG")))
    );
    Ok(fs::remove_dir_all(out)?)
}
