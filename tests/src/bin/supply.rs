//! `cargo supply`: what others have written, and what the kernel has promised.

use anyhow::Result;
use clap::Parser as _;
use tamis_host::report;
use tamis_tests::hardening::supply::{deny, promises};

/// Looks at all that others have written, for advisories, licences and origins, and at the kernel's interface since a release.
#[derive(clap::Parser)]
#[command(bin_name = "cargo supply", after_help = "Example:\n    cargo supply --since HEAD~20")]
struct Options {
    /// The interface since this revision; without it, since the newest tag of a release.
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// Without the network: the advisories as they were last fetched.
    #[arg(long)]
    offline: bool,
    /// A JSON list instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut rows = deny(options.offline)?;
    rows.push(promises(options.since.as_deref())?);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        let cells = rows.into_iter().map(|row| vec![row.what, row.outcome]);
        println!("{}", report::table(&["what", "outcome"], 2, cells));
    }
    Ok(())
}
