//! The kernel alone comes to the golden digests.

use tamis_bits::{AnyError, Golden, digest, golden};

#[test]
fn golden_digests_stand() -> Result<(), AnyError> {
    let all = golden()?;
    assert!(all.len() > 100, "{}", all.len());
    for Golden { name, digest: expected, training } in all {
        assert_eq!(digest(&training)?, expected, "{name}");
    }
    Ok(())
}
