//! A table of somebody's, with columns of noise appended: of those at least it is known that they do not matter.

use tamis::Seed;
use tamis::random::{self, Purpose};

use super::table::{Column, Table, Values};

/// What the names of appended columns begin with.
pub const NAME: &str = "noise";

/// `table` with `count` columns of standard normals that depend on nothing.
pub fn append(table: &Table, count: usize, seed: Seed) -> Table {
    let column = |number: usize| {
        let mut values = vec![0.0; table.rows()];
        random::fill_normal(&mut seed.generator(Purpose::TaskInputs, number as u64), &mut values);
        Column {
            name: format!("{NAME}{number}"),
            values: Values::Numbers(values.into_iter().map(f64::from).collect()),
        }
    };
    let mut table = table.clone();
    table.columns.extend((0..count).map(column));
    table
}
