//! What the cross-checks share.
