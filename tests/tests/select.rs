//! The selection of inputs: tables as files have them, verdicts where the truth is known, and what the command prints.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result};
use serde_json::Value;
use tamis::Seed;
use tamis_host::select::families::FAMILIES;
use tamis_host::select::table::{self, Missing, Reading, Table, Values};
use tamis_host::select::{marginal, trials};
use tamis_tests::command;

fn reading() -> Reading {
    Reading { most_rows: 1000, ..Reading::default() }
}

/// A file of this test's own.
fn file(name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("tamis-select-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    Ok(path)
}

fn numbers(table: &Table, column: &str) -> Result<Vec<f64>> {
    match &table.column(column)?.values {
        Values::Numbers(values) => Ok(values.clone()),
        Values::Words { .. } => anyhow::bail!("{column} has words"),
    }
}

fn refusal(name: &str, text: impl AsRef<[u8]>, reading: &Reading) -> Result<String> {
    let path = file(name, text)?;
    Ok(format!("{:#}", table::read(&path, reading).err().context("the table was taken")?))
}

#[test]
fn a_table_is_read_as_it_is() -> Result<()> {
    let text = "\u{feff}a,colour,y\n1, red ,-2.5e3\n2,blue,0\n3,red,7\n";
    let table = table::read(&file("plain.csv", text)?, &reading())?;
    assert_eq!(numbers(&table, "a")?, [1.0, 2.0, 3.0]);
    assert_eq!(numbers(&table, "y")?, [-2500.0, 0.0, 7.0]);
    let words = vec!["blue".to_owned(), "red".to_owned()];
    assert_eq!(table.column("colour")?.values, Values::Words { words, index: vec![1, 0, 1] });

    let tabs = table::read(&file("tabs.tsv", "a\ty\n1\t2\n")?, &reading())?;
    assert_eq!(numbers(&tabs, "y")?, [2.0]);
    let bare = Reading { has_header: false, delimiter: Some(';'), ..reading() };
    let bare = table::read(&file("bare.csv", "1;2\n3;4\n")?, &bare)?;
    assert_eq!(numbers(&bare, "c2")?, [2.0, 4.0]);
    Ok(())
}

#[test]
fn every_fault_is_named_with_its_place() -> Result<()> {
    for (name, text, message) in [
        ("empty.csv", &b""[..], "the file is empty"),
        ("header.csv", b"a,y\n", "there are no rows below the header"),
        ("ragged.csv", b"a,y\n1,2\n3\n", "row 3 has 1 cells, the first row has 2"),
        ("word.csv", b"a,y\n1,2\nx1,3\n", "column \"a\": row 3: \"x1\" is not a number, but other cells are"),
        ("hole.csv", b"a,y\n1,2\n3,\n", "row 3, column 2: the cell is empty; say --missing drop"),
        ("twice.csv", b"a,a\n1,2\n", "two columns have the name \"a\""),
        ("nameless.csv", b"a,\n1,2\n", "row 1, column 2: the column has no name"),
        (
            "numbers.csv",
            b"1,2\n3,4\n",
            "row 1 has numbers and no names; if the table has no header, say --no-header",
        ),
        ("huge.csv", b"a,y\n1,1e31\n", "row 2, column 2: \"1e31\" is too large a number"),
        ("endless.csv", b"a,y\n1,inf\n", "row 2, column 2: \"inf\" is too large a number"),
        ("latin1.csv", b"a,y\n1,\xE9\n", "row 2, column 2: not UTF-8"),
        ("utf16.csv", b"\xFF\xFEa\0,\0", "the file is in UTF-16; save it as UTF-8"),
    ] {
        let told = refusal(name, text, &reading())?;
        assert!(told.contains(message) && told.contains(name), "{told}");
    }
    let missing = table::read(Path::new("/nonexistent/x.csv"), &reading());
    assert!(format!("{:#}", missing.err().context("read")?).contains("/nonexistent/x.csv"));
    let ignore = Reading { ignore: vec!["z".to_owned()], ..reading() };
    assert!(refusal("plain.csv", "a,y\n1,2\n", &ignore)?.contains("there is no column \"z\" to ignore"));
    Ok(())
}

#[test]
fn rows_with_holes_are_dropped_or_filled() -> Result<()> {
    let path = file("holes.csv", "a,c,y\n1,u,2\n,u,3\n3,NA,4\n")?;
    let dropped = table::read(&path, &Reading { missing: Missing::Drop, ..reading() })?;
    assert_eq!((dropped.rows(), dropped.dropped, dropped.rows_in_file), (1, 2, 3));
    let filled = table::read(&path, &Reading { missing: Missing::Mean, ..reading() })?;
    assert_eq!(numbers(&filled, "a")?, [1.0, 2.0, 3.0]);
    assert_eq!(filled.column("c")?.values, Values::Words { words: vec!["u".to_owned()], index: vec![0; 3] });
    Ok(())
}

/// Of 20,000 rows 1,000 are kept, each with the same chance: their mean is that of all within five deviations.
#[test]
fn a_long_file_is_sampled_evenly() -> Result<()> {
    let mut text = "a,y\n".to_owned();
    (0..20_000).for_each(|row| text += &format!("{row},{row}\n"));
    let table = table::read(&file("long.csv", text)?, &reading())?;
    let kept = numbers(&table, "a")?;
    assert_eq!((kept.len(), table.rows_in_file), (1000, 20_000));
    let mean = kept.iter().sum::<f64>() / 1000.0;
    assert!((mean - 9999.5).abs() < 5.0 * 20_000.0 / 12_f64.sqrt() / 1000_f64.sqrt(), "{mean}");
    let mut rows = kept;
    rows.sort_by(f64::total_cmp);
    rows.dedup();
    assert_eq!(rows.len(), 1000);
    Ok(())
}

fn options(arguments: &[&str]) -> Result<trials::Options> {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        trials: trials::Options,
    }
    let line = ["trials"].iter().chain(arguments);
    Ok(<Cli as clap::Parser>::try_parse_from(line)?.trials)
}

/// A small part of `tamis trials`: linear, interaction, parity, neighbours, duplicates; and tables of pure noise.
#[test]
fn the_support_is_found_where_it_is_known() -> Result<()> {
    let options = options(&[])?;
    for (name, marginal) in
        [("linear", Some(3)), ("prod", Some(0)), ("par3", Some(0)), ("corr", Some(3)), ("dup", None)]
    {
        let family = FAMILIES.iter().find(|family| family.name == name).context("a family")?;
        let trial = trials::trial(family, 300, 9000, &options)?;
        let mut found = trial.found.clone();
        found.sort_unstable();
        assert_eq!(found, family.relevant, "{name}");
        assert!(
            marginal.is_none_or(|marginal| trial.marginal.len() == marginal),
            "{name}: {:?}",
            trial.marginal
        );
        assert!(trial.learnt);
    }
    let null = FAMILIES.iter().find(|family| family.name == "null").context("a family")?;
    for draw in 9000..9003 {
        let trial = trials::trial(null, 300, draw, &options)?;
        assert!(trial.found.is_empty() && !trial.learnt, "draw {draw}: {:?}", trial.found);
    }
    Ok(())
}

/// Of an input unrelated to the target the p-value by itself is below p in a share p of tables, or less; of one that
/// shows in its square alone it is small.
#[test]
fn p_values_by_themselves_are_honest() -> Result<()> {
    let null = FAMILIES.iter().find(|family| family.name == "null").context("a family")?;
    let mut below = 0;
    for draw in 0..60 {
        let rows: Vec<u32> = (0..200).collect();
        let design =
            tamis_host::select::design::Design::of(&null.draw(200, Seed(draw)), &["y".to_owned()], &rows)?;
        below += marginal::p_values(&design)?.iter().filter(|&&p| p < 0.1).count();
    }
    // 960 p-values: 96 expected at most; 3 deviations above would be 124. Three tests with Bonferroni lose a little.
    assert!((30..124).contains(&below), "{below}");
    Ok(())
}

fn tamis(arguments: &[&str]) -> Result<Output> {
    Ok(command::tamis()?.args(arguments).output()?)
}

#[test]
fn from_a_file_to_a_report() -> Result<()> {
    let family = FAMILIES.iter().find(|family| family.name == "stair").context("a family")?;
    let path = file("stair.csv", "")?;
    trials::write_csv(&family.draw(400, Seed(77)), &path)?;
    let out = path.with_extension("out");
    let (path, out) = (path.to_string_lossy().into_owned(), out.to_string_lossy().into_owned());
    let output = tamis(&["select", &path, "--target", "y", "--json", "--out", &out])?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let inputs = report["inputs"].as_array().context("inputs")?;
    assert_eq!(inputs.len(), 16);
    let mut found: Vec<_> = inputs
        .iter()
        .filter(|input| input["verdict"] == "relevant")
        .filter_map(|input| input["name"].as_str())
        .collect();
    found.sort_unstable();
    assert_eq!(found, ["x0", "x1", "x2"]);
    let error = |of: &str| report["test_error"][of].as_f64().context("an error");
    // The interactions are nothing to a linear regression.
    assert!(error("selected")? < 0.5 && error("baseline")? > 0.5, "{}", report["test_error"]);
    let page = std::fs::read_to_string(Path::new(&out).join("report.html"))?;
    assert!(page.contains("3 inputs matter") && page.contains("<svg") && !page.contains("src="));
    assert!(std::fs::read(Path::new(&out).join("selection.png"))?.starts_with(b"\x89PNG"));

    let output = tamis(&["select", &path, "--target", "z", "--out", &out])?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no column \"z\"; there are x0, x1"));
    let output = tamis(&["select", &path, "--target", "y", "--alpha", "0.9"])?;
    assert_eq!(output.status.code(), Some(2));
    Ok(())
}
