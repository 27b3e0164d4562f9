//! No figure of the benchmarks has grown, and the page tells those that are committed.

use anyhow::{Result, ensure};
use tamis_host::bench::figures::{Figures, SMALL};
use tamis_host::machine::Machine;
use tamis_tests::golden::Golden;

/// Instructions, code, image, RAM, stack and estimated cycles on the reference and on the smallest machine, and how
/// instructions grow with network and batch.
#[test]
fn no_figure_has_grown_by_more_than_two_percent() -> Result<()> {
    assert_not_grown(&[Machine::MpsAn386, Machine::Microbit], &[])
}

/// On one machine for each of the other Rust targets (there is no third with other instructions), and as small.
#[test]
#[ignore = "minutes; cargo verify --long"]
fn nor_has_it_on_other_cores() -> Result<()> {
    assert_not_grown(&[Machine::MpsAn505, Machine::MpsAn385, Machine::RiscvVirt], &SMALL)
}

fn assert_not_grown(machines: &[Machine], small: &[Machine]) -> Result<()> {
    let figures = Figures::measure(machines, small)?;
    let grown = figures.grown_since(&Golden::committed_benchmarks()?);
    ensure!(grown.is_empty(), "`cargo golden --write` takes these over:\n{}", grown.join("\n"));

    let growth = &figures.growth;
    let fit = growth.fit()?;
    for point in growth.grid.iter().filter(|point| point.narrowest >= 16) {
        let off = fit.per_mac(point) / fit.d - 1.0;
        assert!(off.abs() < 0.1, "a MAC of {} costs {:+.1} %", point.network, 100.0 * off);
    }
    assert!(growth.grid.iter().all(|point| fit.error(point).abs() < 0.1));
    let committed = Golden::committed_benchmarks()?.growth.fit()?;
    for (name, new, old) in [
        ("a", fit.a, committed.a),
        ("b", fit.b, committed.b),
        ("c", fit.c, committed.c),
        ("d", fit.d, committed.d),
    ] {
        assert!((new / old - 1.0).abs() < 0.1, "{name} of the fit was {old} and is {new}");
    }
    assert!(growth.line()?.r_squared > 0.9999, "{:?}", growth.line()?);
    Ok(())
}

#[test]
fn the_page_tells_the_committed_figures() -> Result<()> {
    for golden in Golden::benchmarks(&Golden::committed_benchmarks()?)? {
        let difference = golden.difference();
        assert!(difference.is_empty(), "{}:\n{}", golden.path.display(), difference.join("\n"));
    }
    Ok(())
}
