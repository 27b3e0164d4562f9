//! What must not compile does not, and its twin with the one number put right does.
//!
//! The lengths of arrays are checked after monomorphisation, where `cargo check` does not look: the twins in
//! `pass` make trybuild build, and with them the failing files. A `.stderr` beside each says for which reason
//! it fails.

#[test]
fn a_program_that_is_wrong_does_not_compile() {
    let programs = |folder: &str| {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = files.filter(|name| name.to_string_lossy().ends_with(".rs")).collect();
        names.sort();
        names
    };
    let twins = programs("tests/ui/pass");
    assert!(twins.len() >= 10 && twins == programs("tests/ui/fail"), "every failing program has its twin");

    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
