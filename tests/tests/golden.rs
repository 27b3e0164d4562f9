//! Nothing has moved: the golden figures are what is computed now.

use anyhow::Result;
use tamis_tests::golden::{self, Golden};

fn assert_stands(golden: &Golden) {
    let difference = golden.difference();
    assert!(difference.is_empty(), "moved; see `cargo golden`:\n{}", difference.join("\n"));
}

#[test]
fn golden_digests_stand() -> Result<()> {
    assert_stands(&Golden::digests()?);
    Ok(())
}

#[test]
fn the_costs_of_options_stand() -> Result<()> {
    assert_stands(&Golden::options()?);
    Ok(())
}

#[test]
fn a_moved_line_is_shown() {
    let difference = golden::difference("a 1\nb 2\n", "a 1\nb 3\n");
    assert_eq!(difference, ["- b 2", "+ b 3"]);
}
