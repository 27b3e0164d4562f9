//! What must not compile does not, and its twin with the one number put right does.
//!
//! The lengths of arrays are checked after monomorphisation, where `cargo check` does not look: the twins in
//! `pass` make trybuild build, and with them the failing files. A `.stderr` beside each says for which reason
//! it fails.

#[test]
fn a_program_that_is_wrong_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*.rs");
    cases.pass("ui/pass/*.rs");
}
