//! The runs of a grid, in lanes and on all cores; the rows come in the order of the runs.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::Result;
use tamis::wire::Training;

use super::curves;
use super::row::Rows;
use crate::bundle::{self, LANES};

/// How far behind the newest run the oldest of an unfilled bundle may be: rows wait no longer than that.
const SPAN: usize = 512;

/// A row, with how many samples its run was to visit.
pub struct Done {
    /// The row.
    pub line: String,
    /// The lines of its curve, if curves are wanted.
    pub curve: String,
    /// Samples.
    pub samples: u64,
}

/// Which trainings share a bundle: as many as there are lanes, those that go together.
fn bundles(trainings: &[Training]) -> Vec<Vec<usize>> {
    let (mut full, mut open) = (Vec::new(), Vec::<Vec<usize>>::new());
    for (run, training) in trainings.iter().enumerate() {
        let (late, rest) = open.into_iter().partition(|bundle| run - bundle[0] > SPAN);
        full.extend::<Vec<_>>(late);
        open = rest;
        match open.iter().position(|bundle| bundle::go_together(&trainings[bundle[0]], training)) {
            None => open.push(vec![run]),
            Some(place) => {
                open[place].push(run);
                if open[place].len() == LANES {
                    full.push(open.remove(place));
                }
            }
        }
    }
    full.extend(open);
    full.sort_by_key(|bundle| bundle[0]);
    full
}

/// How many samples a training visits.
pub fn samples(training: &Training) -> u64 {
    u64::from(training.plan.updates) * u64::from(training.plan.batch)
}

/// Carries out `trainings`, which are the runs `range`, with their curves or without; `write` gets every row, in order.
/// It ends with the first error.
pub fn carry_out(
    trainings: &[Training],
    range: Range<u64>,
    rows: &Rows<'_>,
    with_curves: bool,
    mut write: impl FnMut(u64, &Done) -> Result<()>,
) -> Result<()> {
    let (bundles, next) = (bundles(trainings), AtomicUsize::new(0));
    let (bundles, next) = (&bundles, &next);
    let work = |bundle: &[usize]| -> Result<Vec<(usize, Done)>> {
        let together: Vec<_> = bundle.iter().map(|&run| trainings[run].clone()).collect();
        let outcomes = bundle::run_to_end(&together, with_curves)?;
        let done = bundle.iter().zip(outcomes).map(|(&place, (outcome, moments))| {
            let (run, training) = (range.start + place as u64, &trainings[place]);
            let line = rows.line(run, training, outcome)?;
            let curve = curves::lines(rows, run, training, &moments, &line);
            Ok((place, Done { line, curve, samples: samples(training) }))
        });
        done.collect()
    };
    let work = &work;
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(bundles.len());
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..cores {
            let sender = sender.clone();
            scope.spawn(move || {
                // Where nobody listens any more there was an error.
                while let Some(bundle) = bundles.get(next.fetch_add(1, Ordering::Relaxed))
                    && sender.send(work(bundle)).is_ok()
                {}
            });
        }
        drop(sender);
        let (mut waiting, mut due) = (BTreeMap::new(), 0);
        for done in receiver {
            waiting.extend(done?);
            while let Some(done) = waiting.remove(&due) {
                write(range.start + due as u64, &done)?;
                due += 1;
            }
        }
        Ok(())
    })
}
