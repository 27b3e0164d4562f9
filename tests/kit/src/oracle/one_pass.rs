//! The selection of inputs in one pass, over a table that is all there: in f64, on [`Oracle`].

use rand_core::Rng;
use tamis::one_pass::Settings;
use tamis::random::{Purpose, below};

use super::{Function, Loss, Options, Oracle, Penalty, Spec};
use crate::Row;

/// Where shadows come from.
#[derive(Clone, Copy, Debug)]
pub enum Shadows {
    /// So many rows before.
    Delay(usize),
    /// A reservoir of so many rows.
    Reservoir(usize),
}

/// What a pass comes to.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The mean norms of inputs, then of shadows.
    pub norms: Vec<f64>,
    /// z of each input and of its square.
    pub z: Vec<[f64; 2]>,
    /// The parameters at the end.
    pub params: Vec<f64>,
}

/// All of a pass over `table`, by a network of `hidden` units that starts from `params`.
pub fn one_pass(
    table: &[Row],
    settings: &Settings,
    shadows: Shadows,
    hidden: usize,
    params: &[f32],
) -> Selection {
    let inputs = table[0].x.len();
    let rows = scaled(table, settings.settle as usize);
    let learned = beside_shadows(&rows, shadows, settings);
    let batches: Vec<&[Row]> = learned.chunks(settings.batch as usize).collect();
    let drop = batches.len() - batches.len() / 5;
    let lambda = f64::from(settings.penalty) / f64::from(settings.samples).sqrt();
    let options = Options {
        drop: Some((drop as u32, 0.2)),
        proximal: Some((Penalty::Group, lambda, 1)),
        ..Options::plain(settings.step_size.into())
    };
    let layer = |inputs, outputs, function| Spec { inputs, outputs, has_bias: true, function };
    let specs = [layer(2 * inputs, hidden, Function::Tanh), layer(hidden, 1, Function::Identity)];
    let mut net = Oracle::new(&specs, params).with_loss(Loss::Huber(3.0));
    let mut norms = vec![0.0; 2 * inputs];
    for (update, batch) in batches.iter().enumerate() {
        net.update(batch, &options);
        if update >= drop {
            for (norm, column) in norms.iter_mut().zip(net.flat().chunks(hidden)) {
                *norm += column.iter().map(|w| w * w).sum::<f64>().sqrt() / (batches.len() - drop) as f64;
            }
        }
    }
    Selection { norms, z: screened(&rows), params: net.flat() }
}

/// The rows after the first `settle`, whose mean and deviation all columns and the target are scaled by, to 4 at most.
fn scaled(table: &[Row], settle: usize) -> Vec<Row> {
    let scale = |of: &dyn Fn(&Row) -> f32| {
        let first: Vec<f64> = table[..settle].iter().map(|row| of(row).into()).collect();
        let mean = first.iter().sum::<f64>() / settle as f64;
        let deviation = (first.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / settle as f64).sqrt();
        move |v: f32| ((f64::from(v) - mean) / deviation).clamp(-4.0, 4.0) as f32
    };
    let columns: Vec<_> = (0..table[0].x.len()).map(|j| scale(&move |row: &Row| row.x[j])).collect();
    let target = scale(&|row: &Row| row.target[0]);
    let of_row = |row: &Row| Row {
        x: columns.iter().zip(&row.x).map(|(column, &x)| column(x)).collect(),
        target: vec![target(row.target[0])],
    };
    table[settle..].iter().map(of_row).collect()
}

/// The rows that have a shadow, with it.
fn beside_shadows(rows: &[Row], shadows: Shadows, settings: &Settings) -> Vec<Row> {
    let mut kept = Vec::new();
    let mut learned = Vec::new();
    for (k, row) in rows.iter().enumerate() {
        let shadow = match shadows {
            Shadows::Delay(m) => k.checked_sub(m).map(|earlier| rows[earlier].x.clone()),
            Shadows::Reservoir(m) if k < m => {
                kept.push(row.x.clone());
                None
            }
            Shadows::Reservoir(m) => {
                let mut generator = settings.seed.generator(Purpose::Shadows, k as u64);
                let shadow = kept[draw(&mut generator, m)].clone();
                let place = draw(&mut generator, k + 1);
                if place < m {
                    kept[place] = row.x.clone();
                }
                Some(shadow)
            }
        };
        if let Some(shadow) = shadow {
            learned.push(Row { x: [row.x.clone(), shadow].concat(), target: row.target.clone() });
        }
    }
    learned
}

fn draw(generator: &mut impl Rng, n: usize) -> usize {
    below(generator, u32::try_from(n).unwrap().try_into().unwrap()) as usize
}

/// Sums of (v - mean) (y - mean) over the root of the sums of their squares, means being of all rows.
fn screened(rows: &[Row]) -> Vec<[f64; 2]> {
    let centred = |values: Vec<f64>| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.into_iter().map(|v| v - mean).collect::<Vec<_>>()
    };
    let y = centred(rows.iter().map(|row| row.target[0].into()).collect());
    let z = |v: Vec<f64>| {
        let products: Vec<f64> = centred(v).iter().zip(&y).map(|(v, y)| v * y).collect();
        products.iter().sum::<f64>() / products.iter().map(|p| p * p).sum::<f64>().sqrt()
    };
    let column = |j: usize| rows.iter().map(move |row| f64::from(row.x[j]));
    (0..rows[0].x.len()).map(|j| [z(column(j).collect()), z(column(j).map(|x| x * x).collect())]).collect()
}
