//! Networks on their way out and in: every form gives the same predictions, what PyTorch and Keras have written is read,
//! and what is no network of dense layers is named.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;
use tamis::{AnyActivation, Network, Seed};
use tamis_host::exchange::{self, Hints, Imported, c, onnx, rust, tensors};
use tamis_host::import::fine_tune::{Settings, fine_tune};
use tamis_host::select::table::{self, Reading};
use tamis_host::select::{self, image::Image};
use tamis_test_kit::reference::{narrow, numbers};
use tamis_test_kit::{bits, relative_distance};

/// What `tamis` has written for the image beside it.
#[rustfmt::skip]
#[path = "../reference/exchange/model.rs"]
mod model;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/exchange")
}

/// A folder of this test's own.
fn scratch(name: &str) -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("tamis-exchange-{}-{count}-{name}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn golden() -> Result<Image> {
    Ok(exchange::read(&folder().join("image.json"), Hints::default())?.image)
}

fn activation(name: &str) -> Option<AnyActivation> {
    AnyActivation::ALL.into_iter().find(|activation| activation.name() == name)
}

/// The image's outputs for rows of raw numbers, through its encoder.
fn predict(image: &Image, raw: &[f32]) -> Result<Vec<f32>> {
    let encoded = raw.iter().zip(image.encoder.inputs.iter().cycle()).map(|(&raw, input)| input.encode(raw));
    let y = image.predict(&encoded.collect::<Vec<_>>())?;
    Ok(y.iter().zip(image.encoder.outputs.iter().cycle()).map(|(&y, output)| output.decode(y)).collect())
}

/// Rows of raw numbers, some far beyond the range of the inputs, some where tanh and sigmoid are settled.
fn raw(image: &Image, rows: usize) -> Vec<f32> {
    let numbers = tamis_test_kit::numbers(9, rows * image.layers.inputs());
    numbers.iter().enumerate().map(|(place, number)| number * [0.5, 4.0, 0.02, 90.0][place / 7 % 4]).collect()
}

const ROWS: usize = 2000;

#[test]
fn what_is_written_is_what_stands_in_the_reference() -> Result<()> {
    let image = golden()?;
    let same = |name: &str, bytes: &[u8]| -> Result<()> {
        ensure!(
            fs::read(folder().join(name))? == bytes,
            "{name} is another; tests/reference/exchange.py tells how to write it"
        );
        Ok(())
    };
    same("model.safetensors", &tensors::write(&image)?)?;
    same("model.rs", rust::write(&image).as_bytes())?;
    same("model.h", c::write(&image).as_bytes())?;
    same("model.onnx", &onnx::write(&image)?)
}

#[test]
fn the_rust_module_predicts_with_the_same_bits() -> Result<()> {
    let image = golden()?;
    assert_eq!(bits(&model::PARAMS), bits(&image.params));
    let mut units = [f32::NAN; <model::Net as tamis::Shape>::UNITS];
    let raw = raw(&image, ROWS);
    let (rows, rest) = raw.as_chunks::<3>();
    assert!(rest.is_empty());
    let y: Vec<f32> = rows.iter().flat_map(|x| model::predict(x, &mut units)).collect();
    assert_eq!(bits(&y), bits(&predict(&image, &raw)?));
    assert!(y.iter().any(|other| *other != y[0]), "predictions vary");
    for (ours, input) in model::INPUTS.iter().zip(&image.encoder.inputs) {
        assert_eq!(ours.name, input.name());
    }
    for (ours, output) in model::OUTPUTS.iter().zip(&image.encoder.outputs) {
        assert_eq!(ours.name, output.name());
    }
    Ok(())
}

/// Reads rows of raw numbers and writes rows of predictions, as bits in hexadecimal.
const PROGRAM: &str = r#"
#include "model.h"
#include <stdio.h>
int main(void)
{
	float x[TAMIS_INPUTS], y[TAMIS_OUTPUTS];
	int i;
	while (fread(x, sizeof x, 1, stdin) == 1) {
		tamis_predict(x, y);
		for (i = 0; i < TAMIS_OUTPUTS; i++) {
			uint32_t bits;
			memcpy(&bits, &y[i], sizeof bits);
			printf("%08x\n", (unsigned)bits);
		}
	}
	fprintf(stderr, "%s|%s", tamis_input_names[TAMIS_INPUTS - 1], tamis_output_names[0]);
	return 0;
}
"#;

fn the_header_agrees(name: &str, image: &Image, raw: &[f32]) -> Result<()> {
    let folder = scratch(name)?;
    fs::write(folder.join("model.h"), c::write(image))?;
    fs::write(folder.join("main.c"), PROGRAM)?;
    fs::write(folder.join("rows"), raw.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())?;
    let compiled = Command::new("cc")
        .args(["-std=c99", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["main.c", "-o", "main"])
        .current_dir(&folder)
        .output()
        .context("there is no C compiler `cc`: nothing was compared")?;
    ensure!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let rows = fs::File::open(folder.join("rows"))?;
    let output = Command::new(folder.join("main")).stdin(Stdio::from(rows)).output()?;
    let (input, target) = (image.encoder.inputs.last(), image.encoder.outputs.first());
    let names = input.zip(target).map(|(input, target)| format!("{}|{}", input.name(), target.name()));
    assert_eq!(Some(String::from_utf8(output.stderr)?), names);
    let text = String::from_utf8(output.stdout)?;
    let y = text.lines().map(|line| u32::from_str_radix(line, 16)).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(y, bits(&predict(image, raw)?));
    fs::remove_dir_all(folder)?;
    Ok(())
}

#[test]
fn the_c_header_predicts_with_the_same_bits() -> Result<()> {
    let image = golden()?;
    the_header_agrees("c", &image, &raw(&image, ROWS))
}

/// A network of one layer, without biases, and others with another last buffer.
#[test]
fn the_c_header_serves_networks_of_any_depth() -> Result<()> {
    for case in cases()?.iter().filter(|case| case.file.ends_with(".safetensors")) {
        let image = case.read()?.image;
        the_header_agrees(&case.file.replace('.', "-"), &image, &raw(&image, ROWS))?;
    }
    Ok(())
}

/// Out and in again: the same network with the same encoder, and the same files.
#[test]
fn what_goes_out_comes_in_again() -> Result<()> {
    let (image, folder) = (golden()?, scratch("again")?);
    for form in ["model.safetensors", "model.onnx"] {
        exchange::export(&image, &folder)?;
        let read = exchange::read(&folder.join(form), Hints::default())?;
        assert_eq!((&read.image.encoder, &read.image.layers), (&image.encoder, &image.layers), "{form}");
        assert_eq!(bits(&read.image.params), bits(&image.params), "{form}");
        assert!(read.notes.is_empty());
        exchange::export(&read.image, &folder)?;
        for name in ["model.safetensors", "model.rs", "model.h", "model.onnx"] {
            assert!(fs::read(folder.join(name))? == fs::read(self::folder().join(name))?, "{form}: {name}");
        }
    }
    exchange::save_image(&image, &folder.join("image.json"))?;
    assert_eq!(exchange::read(&folder.join("image.json"), Hints::default())?.image, image);
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// A file of another program, and what that program predicts.
struct Case {
    file: String,
    hints: Hints,
    x: Vec<f32>,
    y: Vec<f64>,
}

impl Case {
    fn read(&self) -> Result<Imported> {
        exchange::read(&folder().join(&self.file), self.hints)
    }
}

fn predictions() -> Result<Value> {
    Ok(serde_json::from_slice(&fs::read(folder().join("predictions.json"))?)?)
}

fn rows(value: &Value) -> Result<Vec<f64>> {
    Ok(value.as_array().context("no rows")?.iter().flat_map(numbers).collect())
}

fn cases() -> Result<Vec<Case>> {
    let predictions = predictions()?;
    let cases = predictions["cases"].as_array().context("no cases")?;
    let hint = |case: &Value, name: &str| case[name].as_str().and_then(activation);
    let case = |case: &Value| {
        Ok(Case {
            file: case["file"].as_str().context("no file")?.to_owned(),
            hints: Hints { activation: hint(case, "activation"), last: hint(case, "last") },
            x: narrow(&rows(&case["x"])?),
            y: rows(&case["y"])?,
        })
    };
    cases.iter().map(case).collect()
}

/// Relative to all predictions together. The largest distance seen is 1.3e-7.
const BOUND: f64 = 4e-7;

#[test]
fn files_of_pytorch_and_keras_predict_what_they_do_there() -> Result<()> {
    let cases = cases()?;
    assert_eq!(cases.len(), 8);
    for case in &cases {
        let imported = case.read()?;
        let distance = relative_distance(&predict(&imported.image, &case.x)?, &case.y);
        assert!(distance < BOUND, "{}: {distance:e}", case.file);
        let is_softmax = case.file == "keras_like.onnx";
        assert_eq!(imported.notes.iter().any(|note| note.contains("Softmax")), is_softmax, "{}", case.file);
        println!("{}: {distance:e}", case.file);
    }
    Ok(())
}

/// One network in two forms: the same parameters, whatever form they came in.
#[test]
fn both_forms_of_a_network_are_the_same() -> Result<()> {
    let cases = cases()?;
    let mut pairs = 0;
    for case in &cases {
        let Some(stem) = case.file.strip_suffix(".safetensors") else { continue };
        let other = cases.iter().find(|other| other.file == format!("{stem}.onnx")).context("no pair")?;
        assert_eq!(case.read()?, other.read()?, "{stem}");
        pairs += 1;
    }
    assert_eq!(pairs, 3);
    Ok(())
}

/// `reference/exchange.py` has let ONNX Runtime compute what stands in `model.onnx`.
#[test]
fn onnx_runtime_predicts_the_same() -> Result<()> {
    let ours = &predictions()?["ours"];
    let image = golden()?;
    let (x, y) = (narrow(&rows(&ours["x"])?), rows(&ours["y"])?);
    let predicted = predict(&image, &x)?;
    // Each output by itself: they are of other sizes.
    for output in 0..image.layers.outputs() {
        let column = |place: &usize| place % image.layers.outputs() == output;
        let ours: Vec<f32> = (0..y.len()).filter(column).map(|place| predicted[place]).collect();
        let theirs: Vec<f64> = (0..y.len()).filter(column).map(|place| y[place]).collect();
        let distance = relative_distance(&ours, &theirs);
        assert!(distance < BOUND, "output {output}: {distance:e}");
    }
    Ok(())
}

/// The message about bytes under this name.
fn refusal(name: &str, bytes: &[u8], hints: Hints) -> Result<String> {
    let folder = scratch(&name.replace('.', "-"))?;
    fs::write(folder.join(name), bytes)?;
    let result = exchange::read(&folder.join(name), hints);
    fs::remove_dir_all(folder)?;
    let error = result.err().with_context(|| format!("{name} was read"))?;
    let message = format!("{error:#}");
    ensure!(message.contains(name), "{message} does not name {name}");
    Ok(message)
}

const RELU: Hints = Hints { activation: Some(AnyActivation::Relu), last: None };

/// A tensor: name, shape and numbers.
type Named<'a> = (&'a str, &'a [usize], &'a [f32]);

/// A file of tensors.
fn file(list: &[Named<'_>]) -> Result<Vec<u8>> {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let data: Vec<_> = list.iter().map(|(_, _, values)| bytes(values)).collect();
    let views = list
        .iter()
        .zip(&data)
        .map(|((name, shape, _), bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)));
    Ok(safetensors::serialize(views.collect::<Result<Vec<_>>>()?, None)?)
}

#[test]
fn tensors_that_are_no_network_are_named() -> Result<()> {
    let refused = |list: &[Named<'_>]| refusal("net.safetensors", &file(list)?, RELU);
    let zeros = [0.0; 4096];
    let cases: [(&[Named<'_>], &str); 9] = [
        (
            &[("a.weight", &[3, 2], &zeros[..6]), ("b.weight", &[1, 4], &zeros[..4])],
            "\"a.weight\" has 3 outputs, and \"b.weight\", which comes next, 4 inputs",
        ),
        (&[("a.bias", &[3], &zeros[..3])], "there is no tensor \"a.weight\" beside its bias"),
        (
            &[("a.weight", &[3, 2], &zeros[..6]), ("a.bias", &[2], &zeros[..2])],
            "\"a.bias\" has 2 numbers, \"a.weight\" has 3 outputs",
        ),
        (&[("a.weight", &[3, 2, 1], &zeros[..6])], "\"a.weight\" has the shape [3, 2, 1]"),
        (&[("1.running_mean", &[3], &zeros[..3])], "\"1.running_mean\" is not part of a dense layer"),
        (&[("a.weight", &[2, 2], &[0.0, 0.0, f32::NAN, 0.0])], "tensor \"a.weight\" has NaN at [1, 0]"),
        (
            &[("a.weight", &[1, 1], &[0.5]), ("a.bias", &[1], &[f32::NEG_INFINITY])],
            "tensor \"a.bias\" has -inf at [0]",
        ),
        (&[("a.weight", &[0, 2], &[])], "layer 0 has no inputs or no outputs"),
        (&[], "the file has no tensors"),
    ];
    for (list, message) in cases {
        let found = refused(list)?;
        assert!(found.contains(message), "{found}\n{message}");
    }
    let names: Vec<_> = (0..9).map(|layer| format!("{layer}.weight")).collect();
    let nine: Vec<_> = names.iter().map(|name| (name.as_str(), &[1, 1][..], &[1.0][..])).collect();
    assert!(refused(&nine)?.contains("there are 9 layers; a network has at most 8"));
    let wide = vec![0.0; 65_536];
    assert!(refused(&[("a.weight", &[65_536, 1], &wide)])?.contains("has 65536 outputs; at most 65535"));
    for (name, kind) in [("half", "F16"), ("double", "F64")] {
        let bytes = fs::read(folder().join(format!("{name}.safetensors")))?;
        let found = refusal("net.safetensors", &bytes, RELU)?;
        assert!(
            found.contains(&format!("tensor \"0.bias\" is of type {kind}"))
                || found.contains(&format!("tensor \"0.weight\" is of type {kind}")),
            "{found}"
        );
    }
    Ok(())
}

#[test]
fn activations_are_told_once() -> Result<()> {
    let bytes = file(&[("a.weight", &[2, 1], &[0.5; 2]), ("b.weight", &[1, 2], &[0.5; 2])])?;
    assert!(refusal("net.safetensors", &bytes, Hints::default())?.contains("give --activation"));
    let told = fs::read(folder().join("model.safetensors"))?;
    assert!(refusal("net.safetensors", &told, RELU)?.contains("the file tells its activations"));
    let told = fs::read(folder().join("model.onnx"))?;
    assert!(refusal("net.onnx", &told, RELU)?.contains("the file tells its activations"));
    assert!(refusal("net.pt", &told, RELU)?.contains(".safetensors, .onnx or .json"));
    Ok(())
}

/// Wherever a file ends too early, it is refused; so is one with a changed number.
#[test]
fn damaged_files_are_refused() -> Result<()> {
    for (name, whole) in [("net.safetensors", "model.safetensors"), ("net.onnx", "model.onnx")] {
        let bytes = fs::read(folder().join(whole))?;
        let read = |bytes: &[u8]| match name {
            "net.onnx" => onnx::read(bytes),
            _ => tensors::read(bytes, Hints::default()),
        };
        assert!(read(&bytes).is_ok());
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{whole}, {end} bytes");
        }
        let params = golden()?.params;
        let place = bytes.windows(4).position(|window| window == params[0].to_le_bytes());
        let mut changed = bytes.clone();
        changed[place.context("no parameter")?] ^= 1;
        let found = refusal(name, &changed, Hints::default())?;
        assert!(found.contains("the parameters have changed since they were exported"), "{found}");
    }
    assert!(refusal("net.onnx", b"\x08\x07", Hints::default())?.contains("no graph"));
    assert!(refusal("net.json", b"{}", Hints::default())?.contains("no image"));
    Ok(())
}

/// An operator, a type or a constant that is not read is told with its node.
#[test]
fn nodes_that_are_not_read_are_named() -> Result<()> {
    let bytes = fs::read(folder().join("keras_like.onnx"))?;
    // Another word of the same length, so that the file stays one.
    let with = |from: &str, to: &str| {
        let place = bytes.windows(from.len()).position(|window| window == from.as_bytes());
        let mut changed = bytes.clone();
        let place = place.with_context(|| format!("no {from}"))?;
        changed[place..place + from.len()].copy_from_slice(to.as_bytes());
        refusal("net.onnx", &changed, Hints::default())
    };
    for (from, to, message) in [
        ("\"\x04Relu", "\"\x04Selu", "node \"dense/Relu\" (Selu): this operator is not read"),
        (
            "\"\x03Add",
            "\"\x03Max",
            "node \"dense/Add\" (Max): inputs are scaled by Max, Min, Sub, Div, in this order",
        ),
        ("\"\x06MatMul", "\"\x06Einsum", "node \"dense/MatMul\" (Einsum): this operator is not read"),
        (
            "dense/kernel",
            "dense/kernez",
            "node \"dense/MatMul\" (MatMul): input \"dense/kernez\" is no constant",
        ),
        ("\x04flat", "\x04flab", "node \"dense/MatMul\" (MatMul): it takes \"flat\", and not \"flab\""),
    ] {
        let found = with(from, to)?;
        assert!(found.contains(message), "{found}\n{message}");
    }
    Ok(())
}

#[derive(clap::Parser)]
struct Selecting {
    #[command(flatten)]
    options: select::Options,
}

/// From a table to the network of the inputs that matter, out, and in again; raw rows predict what the table's do.
#[test]
fn what_was_selected_goes_out() -> Result<()> {
    let folder = scratch("selected")?;
    let (numbers, mut csv) = (tamis_test_kit::numbers(31, 400 * 4), "noise,a,site,other,y\n".to_owned());
    for row in numbers.chunks_exact(4) {
        let [noise, a, site, other] = [row[0], row[1], row[2], row[3]];
        let (word, step) = if site > 0.0 { ("north", 1.0) } else { ("south", 0.0) };
        csv += &format!("{noise},{a},{word},{other},{}\n", 3.0 + 2.0 * a * a + a + step);
    }
    fs::write(folder.join("table.csv"), csv)?;
    let arguments = ["", "table.csv", "--target", "y", "--effort", "low"];
    let Selecting { options } = clap::Parser::try_parse_from(arguments)?;
    let table = table::read(&folder.join("table.csv"), &Reading::default())?;
    let selection = select::select(&table, &options)?;
    let image = selection.selected.context("nothing was selected")?;
    let names: Vec<_> = image.encoder.inputs.iter().map(|input| input.name()).collect();
    assert_eq!(names, ["a", "site=south"]);

    let raw: Vec<f32> =
        numbers.chunks_exact(4).flat_map(|row| [row[1], if row[2] > 0.0 { 0.0 } else { 1.0 }]).collect();
    let rows: Vec<u32> = (0..400).collect();
    let (x, y) = image.encoder.encode(&table, &rows)?;
    let encoded = raw.iter().zip(image.encoder.inputs.iter().cycle()).map(|(&raw, input)| input.encode(raw));
    assert_eq!(bits(&encoded.collect::<Vec<_>>()), bits(&x));
    let errors = image.predict(&x)?.iter().zip(&y).map(|(y, t)| f64::from(y - t).powi(2)).sum::<f64>();
    assert!(errors / 400.0 < 0.05, "{errors}"); // targets have the variance 1
    the_header_agrees("selected", &image, &raw)?;
    exchange::export(&image, &folder)?;
    for form in ["model.safetensors", "model.onnx"] {
        assert_eq!(exchange::read(&folder.join(form), Hints::default())?.image, image, "{form}");
    }
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// A table of what a network predicts, from which the same network with other weights learns it again.
#[test]
fn an_imported_network_is_trained_further() -> Result<()> {
    let folder = scratch("tune")?;
    let cases = cases()?;
    let case = cases.iter().find(|case| case.file == "torch_leaky.safetensors").context("no such case")?;
    let mut image = case.read()?.image;
    let x = tamis_test_kit::numbers(21, 5 * 400);
    let y = image.predict(&x)?;
    let mut csv = "a,b,left out,c,d,e,u,v,w\n".to_owned();
    for (x, y) in x.chunks_exact(5).zip(y.chunks_exact(3)) {
        csv += &format!("{},{},,{},{},{},{},{},{}\n", x[0], x[1], x[2], x[3], x[4], y[0], y[1], y[2]);
    }
    fs::write(folder.join("table.csv"), csv)?;
    let reading = Reading { ignore: vec!["left out".to_owned()], ..Reading::default() };
    let table = table::read(&folder.join("table.csv"), &reading)?;
    fs::remove_dir_all(folder)?;
    let targets = ["u", "v", "w"].map(str::to_owned);
    let settings = |seed| Settings { step_size: 0.05, updates: 20_000, seed: Seed(seed) };
    let params = image.params.clone();
    image.params.iter_mut().zip(tamis_test_kit::numbers(5, params.len())).for_each(|(w, z)| *w += 0.3 * z);

    let tuned = fine_tune(&image, &table, &targets, settings(1))?;
    assert!(tuned.rows == 320 && tuned.before > 1.0 && tuned.after < 0.05, "{tuned:?}");
    // The same error by the predictions on all rows.
    let all = predict(&tuned.image, &x)?;
    let means: Vec<f64> =
        (0..3).map(|k| y.iter().skip(k).step_by(3).map(|&y| f64::from(y)).sum::<f64>() / 400.0).collect();
    let residual = |(y, t): (&f32, &f32)| (f64::from(*y) - f64::from(*t)).powi(2);
    let spread = |(place, y): (usize, &f32)| (f64::from(*y) - means[place % 3]).powi(2);
    let share = all.iter().zip(&y).map(residual).sum::<f64>() / y.iter().enumerate().map(spread).sum::<f64>();
    assert!((0.3..3.0).contains(&(share / tuned.after)), "{share} on all rows, {} on some", tuned.after);
    let names: Vec<_> = tuned.image.encoder.inputs.iter().map(|input| input.name()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);

    let again = fine_tune(&image, &table, &targets, settings(1))?;
    assert_eq!(bits(&again.image.params), bits(&tuned.image.params));
    let other = fine_tune(&image, &table, &targets, settings(2))?;
    assert_ne!(bits(&other.image.params), bits(&tuned.image.params));
    // It now names its columns.
    let further = fine_tune(&tuned.image, &table, &[], settings(3))?;
    assert!(further.before < 0.05 && further.after < 0.05, "{further:?}");

    let refused = |targets: &[String], settings: Settings| {
        fine_tune(&image, &table, targets, settings)
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default()
    };
    assert!(refused(&targets[1..], settings(1)).contains("3 outputs; name so many columns"));
    let unknown = ["u", "v", "z"].map(str::to_owned);
    assert!(refused(&unknown, settings(1)).contains("there is no column \"z\""));
    let diverges = Settings { step_size: 30.0, ..settings(1) };
    assert!(refused(&targets, diverges).contains("try a --step-size lower than 30"));
    Ok(())
}
