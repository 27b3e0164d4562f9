//! The size of the networks that show what fits: given when they are built.

/// Hidden units: the environment variable `TAMIS_HIDDEN`, or 16.
pub const HIDDEN: usize = match option_env!("TAMIS_HIDDEN") {
    Some(text) => match usize::from_str_radix(text, 10) {
        Ok(hidden) => hidden,
        Err(_) => panic!("TAMIS_HIDDEN must be a number"),
    },
    None => 16,
};

/// How many updates they make.
pub const UPDATES: u64 = 100;
