//! The selection of inputs: tables as files have them, verdicts where the truth is known, and what the command prints.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result};
use serde_json::Value;
use tamis::Seed;
use tamis::random::{self, Purpose};
use tamis_host::select::families::{FAMILIES, Family};
use tamis_host::select::loss::Loss;
use tamis_host::select::table::{self, Column, Missing, Reading, Table, Values};
use tamis_host::select::{self, Selection, marginal, trials};
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
        let design = tamis_host::select::design::Design::of(
            &null.draw(200, Seed(draw)),
            &["y".to_owned()],
            Loss::default(),
            &rows,
        )?;
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

/// The file, its target or its rows are named, and there is no report.
#[test]
fn what_there_is_no_selection_from_is_told() -> Result<()> {
    let text = |rows: usize, row: &dyn Fn(usize) -> String| {
        "a,b,y\n".to_owned() + &(0..rows).map(row).collect::<Vec<_>>().join("\n")
    };
    let sound = |row: usize| format!("{},{},{}", row % 7, row % 11, row % 13);
    let spoilt =
        |cell: &'static str| text(60, &|row| if row == 30 { format!("1,{cell},3") } else { sound(row) });
    for (name, text, told) in [
        (
            "still.csv",
            text(60, &|row| format!("{row},{},5", row % 7)),
            "the target \"y\" is the same in all rows",
        ),
        ("same.csv", text(60, &|row| format!("1,2,{row}")), "no input varies"),
        ("short.csv", text(48, &sound), "there are 38 rows to learn from; at least 40 are needed"),
        ("gap.csv", spoilt(""), "row 32, column 2: the cell is empty"),
        ("big.csv", spoilt("-2e30"), "row 32, column 2: \"-2e30\" is too large a number"),
        ("text.csv", spoilt("?x"), "column \"b\": row 32: \"?x\" is not a number"),
    ] {
        let path = file(name, text)?;
        let out = path.with_extension("out");
        let output =
            command::tamis()?.args(["select", "--target", "y", "--out"]).args([&out, &path]).output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(told) && error.contains(name), "{error}");
        assert!(!out.exists(), "{name}: something was written");
    }
    Ok(())
}

/// A column that does not vary is left out, and said; numbers of any size are taken; and the fewest steps are enough to
/// cut a network to what was selected.
#[test]
fn odd_columns_are_no_hindrance() -> Result<()> {
    let mut table = family("linear", 300, 9104)?;
    for column in &mut table.columns {
        if let ("x0", Values::Numbers(values)) = (column.name.as_str(), &mut column.values) {
            values.iter_mut().for_each(|value| *value *= 1e29);
        }
    }
    table.columns.insert(0, Column { name: "still".to_owned(), values: Values::Numbers(vec![-3.0; 300]) });
    let path = file("odd.csv", "")?;
    trials::write_csv(&table, &path)?;
    let out = path.with_extension("out");
    let select = |arguments: &[&str]| -> Result<Output> {
        let mut command = command::tamis()?;
        command.args(["select", "--target", "y", "--effort", "low", "--out"]).args([&out, &path]);
        Ok(command.args(arguments).output()?)
    };
    let output = select(&["--json"])?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["constant"], serde_json::json!(["still"]));
    let relevant = report["inputs"].as_array().context("inputs")?.iter();
    let mut relevant: Vec<_> = relevant.filter(|input| input["verdict"] == "relevant").collect();
    relevant.sort_by_key(|input| input["name"].to_string());
    assert_eq!(relevant.iter().map(|input| &input["name"]).collect::<Vec<_>>(), ["x0", "x1", "x2"]);
    let output = select(&["--steps", "100"])?;
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("3 inputs matter: x0, x1, x2"), "{printed}");
    assert!(printed.contains("left out, the same in all rows: still"), "{printed}");
    Ok(())
}

/// What `tamis select` finds in a table with these options.
fn selection(table: &Table, arguments: &[&str]) -> Result<Selection> {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        select: select::Options,
    }
    let line = ["select", "table.csv", "--target", "y"].iter().chain(arguments);
    select::select(table, &<Cli as clap::Parser>::try_parse_from(line)?.select)
}

fn family(name: &str, rows: usize, draw: u64) -> Result<Table> {
    let family = FAMILIES.iter().find(|family| family.name == name).context("a family")?;
    Ok(family.draw(rows, Seed(draw)))
}

fn relevant(selection: &Selection) -> Vec<String> {
    let mut names = selection.relevant();
    names.sort_unstable();
    names
}

#[test]
fn every_loss_finds_the_classes() -> Result<()> {
    let table = family("class", 300, 9100)?;
    for loss in ["huber", "mse", "cross-entropy"] {
        let found = selection(&table, &["--loss", loss])?;
        assert_eq!(relevant(&found), ["x0", "x1", "x2"], "{loss}");
        // Three classes of equal frequency; the noise blurs their borders.
        assert!(found.test.selected < 0.4 && found.test.all < 0.5, "{loss}: {:?}", found.test);
    }
    let error = selection(&family("linear", 100, 1)?, &["--loss", "cross-entropy"]).err().context("taken")?;
    assert!(format!("{error:#}").contains("--loss cross-entropy is for classes, and \"y\" has numbers"));
    Ok(())
}

/// Of two seeds eighty networks are trained: the least p-value is 1/80, and those of the first seed are as they were.
#[test]
fn several_seeds_are_counted_together() -> Result<()> {
    let table = family("linear", 300, 9101)?;
    let [one, two] = ["1", "2"].map(|seeds| selection(&table, &["--effort", "low", "--seeds", seeds]));
    let (one, two) = (one?, two?);
    let least = |of: &Selection| of.judgement.groups.iter().map(|group| group.p_value).fold(1.0, f64::min);
    assert_eq!([least(&one), least(&two)], [16.0 / (1.0 + 40.0 * 16.0), 16.0 / (1.0 + 80.0 * 16.0)]);
    for (one, two) in one.ensemble.stages.iter().zip(&two.ensemble.stages) {
        assert_eq!(two.replicas.len(), 80);
        assert!(one.replicas.iter().zip(&two.replicas).all(|(one, two)| one.params == two.params));
        assert!(one.replicas.iter().zip(&two.replicas[40..]).all(|(one, two)| one.params != two.params));
    }
    assert_eq!(relevant(&two), ["x0", "x1", "x2"]);
    Ok(())
}

/// The more false inputs are allowed the lower is the threshold, and nothing is lost.
#[test]
fn the_false_rate_lets_more_through() -> Result<()> {
    let table = family("fried1_s1", 300, 9102)?;
    let threshold = |found: &Selection| found.judgement.path[found.judgement.stage].threshold;
    let strict = selection(&table, &["--effort", "low"])?;
    let loose = selection(&table, &["--effort", "low", "--fdr", "0.2"])?;
    assert!(threshold(&loose) < threshold(&strict));
    let (strict, loose) = (relevant(&strict), relevant(&loose));
    assert!(!strict.is_empty() && strict.iter().all(|name| loose.contains(name)), "{strict:?} {loose:?}");
    let both = tamis(&["select", "x.csv", "--target", "y", "--fdr", "0.1", "--alpha", "0.1"])?;
    assert_eq!(both.status.code(), Some(2));
    Ok(())
}

fn measured(name: &str) -> Result<Table> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("reference/tables/{name}.csv"));
    table::read(&path, &Reading::default())
}

/// Twenty columns of noise are appended to measurements; none of them is named, and what is known to matter is.
#[test]
fn noise_beside_measurements_is_not_named() -> Result<()> {
    let options = options(&["--effort", "low"])?;
    for (name, known) in [("diabetes", ["bmi", "s5"]), ("wine", ["flavanoids", "proline"])] {
        let table = measured(name)?;
        let trial = trials::appended(name, &table, "target", 9200, &options)?;
        assert!(!trial.false_positive && trial.f1.is_none(), "{name}: {:?}", trial.found);
        for known in known {
            let column = table.columns.iter().position(|column| column.name == known).context("a column")?;
            assert!(trial.found.contains(&column), "{name}: {known}: {:?}", trial.found);
        }
    }
    Ok(())
}

/// Eight inputs and a target that have nothing to do with each other, x <- phi x + sqrt(1 - phi^2) e each.
fn slow(rows: usize, phi: f64, draw: u64) -> Table {
    let column = |number: u64| {
        let mut noise = vec![0.0; rows];
        random::fill_normal(&mut Seed(draw).generator(Purpose::TaskInputs, number), &mut noise);
        let mut x = f64::from(noise[0]);
        let step = |&e: &f32| {
            x = phi * x + (1.0 - phi * phi).sqrt() * f64::from(e);
            x
        };
        let name = if number == 8 { "y".to_owned() } else { format!("x{number}") };
        Column { name, values: Values::Numbers(noise.iter().map(step).collect()) }
    };
    Table { columns: (0..9).map(column).collect(), rows_in_file: rows as u64, dropped: 0 }
}

#[test]
fn rows_that_follow_each_other_are_noticed() -> Result<()> {
    let notes = |found: &Selection| found.advice.iter().map(|advice| advice.0.clone()).collect::<String>();
    let table = slow(500, 0.95, 1);
    let auto = selection(&table, &["--effort", "low"])?;
    assert!(notes(&auto).contains("the rows were taken as a time series"), "{}", notes(&auto));
    let shifted = |part: &select::ensemble::Part| {
        part.shadow.iter().zip(part.shadow.iter().skip(1)).all(|(a, b)| (a + 1) % 400 == *b)
    };
    assert!(auto.ensemble.parts.iter().all(shifted));
    let told = selection(&table, &["--effort", "low", "--time"])?;
    assert_eq!(told.ensemble.parts[0].shadow, auto.ensemble.parts[0].shadow);
    let warned = selection(&table, &["--effort", "low", "--no-auto"])?;
    assert!(notes(&warned).contains("say --time"), "{}", notes(&warned));
    assert!(!warned.ensemble.parts.iter().any(shifted));
    let independent = selection(&slow(500, 0.0, 1), &["--effort", "low"])?;
    assert!(!notes(&independent).contains("time"), "{}", notes(&independent));
    Ok(())
}

/// Each diagnosis from a table, or settings, that have the fault.
#[test]
fn what_is_wrong_is_told() -> Result<()> {
    let linear = || family("linear", 300, 9103);
    let cases = [
        ("rows are few", family("linear", 60, 9103)?, &["--effort", "low"][..]),
        ("nothing was learnt here", family("null", 300, 9103)?, &["--effort", "low"]),
        ("it was lowered to", linear()?, &["--effort", "low", "--loss", "mse", "--step-size", "8"]),
        ("it was raised to", linear()?, &["--effort", "low", "--step-size", "0.0001"]),
        ("training was too brief", linear()?, &["--effort", "low", "--steps", "200", "--step-size", "0.02"]),
        ("by heart (interpolation)", family("dense", 60, 9103)?, &["--steps", "20000"]),
    ];
    for (told, table, arguments) in cases {
        let found = selection(&table, arguments)?;
        let notes: Vec<_> = found.advice.iter().map(|advice| advice.0.as_str()).collect();
        assert!(notes.iter().any(|note| note.contains(told)), "{told}: {notes:?}");
        assert!(notes.len() <= 2, "{notes:?}");
        let both = ["too brief", "by heart"].map(|fault| notes.iter().any(|note| note.contains(fault)));
        assert_ne!(both, [true; 2], "{notes:?}");
    }
    for sound in [linear()?, family("prod", 300, 9103)?, family("dense", 300, 9103)?] {
        let sound = selection(&sound, &["--effort", "low"])?;
        assert!(sound.advice.is_empty(), "{:?}", sound.advice);
    }
    Ok(())
}

/// The families of the results, each with what every method found in its tables of so many rows.
fn results(rows: &str) -> Result<Vec<(&'static Family, Vec<Found>)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/selection_peers.csv");
    let mut found: Vec<(String, Found)> = Vec::new();
    for record in csv::Reader::from_path(path)?.records() {
        let record = record?;
        if &record[1] == rows {
            let columns = record[4].split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
            let of = Found { draw: record[2].parse()?, method: record[3].to_owned(), columns };
            found.push((record[0].to_owned(), of));
        }
    }
    let of = |family: &'static Family| {
        let of = found.iter().filter(|(name, _)| name == family.name);
        (family, of.map(|(_, found)| found.clone()).collect())
    };
    Ok(FAMILIES.iter().map(of).collect())
}

/// What a method found in one table.
#[derive(Clone)]
struct Found {
    draw: u64,
    method: String,
    columns: Vec<usize>,
}

/// The tables in docs/SELECTION.md are those of the results: the mean F1 of a family, and a cross for each draw in which
/// a column was named that does not matter.
#[test]
fn the_tables_of_the_docs_are_those_of_the_results() -> Result<()> {
    let methods = ["tamis select", "LassoCV", "mutual information", "Boruta", "permutation importance"];
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SELECTION.md");
    let docs = std::fs::read_to_string(docs)?;
    for (rows, draws) in [("300", 5000..5003), ("1000", 5000..5002)] {
        let results = results(rows)?;
        let cell = |method: &str, of: &[(&'static Family, Vec<Found>)]| {
            let of = of.iter().flat_map(|(family, found)| found.iter().map(move |found| (family, found)));
            let of = of.filter(|(_, found)| found.method == method && draws.contains(&found.draw));
            let (f1, named): (Vec<f64>, Vec<bool>) = of
                .map(|(family, found)| {
                    let is_wrong = |column| !family.relevant.contains(column);
                    (family.f1(&found.columns), found.columns.iter().any(is_wrong))
                })
                .unzip();
            let mean = f1.iter().sum::<f64>() / f1.len() as f64;
            (mean, named.iter().filter(|&&named| named).count(), f1.len())
        };
        let line = |name: &str, cells: Vec<String>| format!("| {name} | {} |", cells.join(" | "));
        let mut lines: Vec<String> = results
            .iter()
            .map(|of| {
                let cells = methods.map(|method| {
                    let (mean, named, count) = cell(method, std::slice::from_ref(of));
                    assert_eq!(count, draws.clone().count(), "{}, {rows} rows: {method}", of.0.name);
                    format!("{mean:.2} {}", "✗".repeat(named)).trim_end().to_owned()
                });
                line(of.0.name, cells.to_vec())
            })
            .collect();
        let all = methods.map(|method| cell(method, &results));
        lines.push(line("**mean**", all.map(|(mean, ..)| format!("{mean:.3}")).to_vec()));
        let named = all.map(|(_, named, count)| format!("{named} of {count}"));
        lines.push(line("draws with a false positive", named.to_vec()));
        let table = lines.join("\n");
        assert!(docs.contains(&table), "{rows} rows, not in docs/SELECTION.md:\n{table}");
    }
    Ok(())
}

/// The long form: 400 tables of pure noise.
#[test]
#[ignore = "minutes; cargo verify --long"]
fn pure_noise_is_seldom_named() -> Result<()> {
    let null = FAMILIES.iter().find(|family| family.name == "null").context("a family")?;
    let options = options(&[])?;
    let mut named = 0;
    for draw in 20_000..20_400 {
        named += usize::from(trials::trial(null, 300, draw, &options)?.false_positive);
    }
    println!("pure noise: {named} of 400 tables with an input named");
    assert!(named <= 20, "{named} of 400");
    Ok(())
}

/// The long form: 24 tables of slow rows.
#[test]
#[ignore = "minutes; cargo verify --long"]
fn slow_rows_are_seldom_named_with_time() -> Result<()> {
    let count = |arguments: &[&str]| -> Result<usize> {
        let found = (0..24).map(|draw| selection(&slow(500, 0.95, draw), arguments));
        Ok(found.collect::<Result<Vec<_>>>()?.iter().filter(|found| !found.relevant().is_empty()).count())
    };
    let (shifted, shuffled) =
        (count(&["--effort", "low", "--time"])?, count(&["--effort", "low", "--no-auto"])?);
    println!("slow rows: {shifted} of 24 with --time, {shuffled} of 24 with shadows shuffled");
    assert!(shifted <= 3 && shuffled > 12, "{shifted} of 24 with --time, {shuffled} without");
    Ok(())
}
