//! No bit has moved: the golden digests are what the host computes now.

use anyhow::Result;
use tamis_tests::golden;

#[test]
fn golden_digests_stand() -> Result<()> {
    let old = std::fs::read_to_string(golden::path())?;
    let difference = golden::difference(&old, &golden::compute()?);
    assert!(difference.is_empty(), "golden digests moved; see `cargo golden`:\n{}", difference.join("\n"));
    Ok(())
}

#[test]
fn a_moved_digest_is_shown() {
    let difference = golden::difference("a 1\nb 2\n", "a 1\nb 3\n");
    assert_eq!(difference, ["- b 2", "+ b 3"]);
}
