//! The command `tamis`, as a user runs it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use tamis_host::tools;

/// `tamis` without arguments, in the workspace; built if need be, once for each program that tests.
pub fn tamis() -> Result<Command> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if BUILT.get().is_none() {
        // Tests and programs of a profile are built into its folder, the tests one level deeper.
        let folder = std::env::current_exe()?.ancestors().nth(2).context("no target folder")?.to_owned();
        let profile = folder.file_name().and_then(|name| name.to_str()).context("no profile")?;
        let profile = if profile == "debug" { "dev" } else { profile };
        let mut build = Command::new(std::env::var_os("CARGO").context("run by cargo")?);
        build.args(["build", "--quiet", "--profile", profile, "--package", "tamis-host", "--bin", "tamis"]);
        ensure!(build.current_dir(tools::workspace()).status()?.success(), "tamis does not build");
        BUILT.get_or_init(|| folder.join("tamis"));
    }
    let mut command = Command::new(BUILT.get().context("not built")?);
    command.current_dir(tools::workspace());
    Ok(command)
}
