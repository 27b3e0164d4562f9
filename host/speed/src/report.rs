//! Which digests and parameters of a training are wanted.

/// What to tell of a training while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// A digest after every so many updates, and always after the last.
    pub digest_every: u32,
    /// All parameters after each of these updates, from the first, at least 1, to the last.
    pub params: Option<(u32, u32)>,
}

impl Report {
    /// Whether a digest is due after `update` of a training whose last is `last`.
    pub fn wants_digest(&self, update: u32, last: u32) -> bool {
        update.is_multiple_of(self.digest_every) || update == last
    }

    /// Whether the parameters are due after `update`.
    pub fn wants_params(&self, update: u32) -> bool {
        self.params.is_some_and(|(first, last)| (first..=last).contains(&update))
    }
}
