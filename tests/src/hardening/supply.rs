//! What others have written, by `cargo deny`: where it comes from, its licence, and what is known against it. What the
//! kernel has promised, by `cargo semver-checks`: its interface since the last release.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tamis_host::{boards, tools};

use super::toolchain::{done, ensure_subcommand, output};

/// What came of a check that has passed.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What has been looked at.
    pub what: String,
    /// What is said of it.
    pub outcome: String,
}

/// The workspaces, each of which has a lock file: this one, that of the real boards, that of the ESP32-C3 and that of
/// fuzzing.
pub fn workspaces() -> [PathBuf; 4] {
    let (root, boards) = (tools::workspace(), boards::workspace());
    [root.to_owned(), boards.clone(), boards.join("esp32c3"), root.join("tests/fuzz")]
}

/// What may be used, and which advisories have an answer: for `cargo deny`.
pub fn rules() -> PathBuf {
    tools::workspace().join(".cargo/deny.toml")
}

/// Looks at all that others have written, by [`rules`]. Advisories are fetched from GitHub, or are those that were fetched
/// before where `is_offline`. Rules that allow no licence have to refuse it first.
pub fn deny(is_offline: bool) -> Result<Vec<Row>> {
    let path = ensure_subcommand("cargo-deny", "0.20.2")?;
    let check = |workspace: &Path, rules: &Path| {
        let mut cargo = Command::new("cargo");
        cargo.args(["deny", "--color", "never", "--locked", "--workspace", "--config"]).arg(rules);
        if is_offline {
            cargo.arg("--offline");
        }
        cargo.arg("check").current_dir(workspace).env("PATH", &path);
        cargo
    };
    let target = tools::workspace().join("target");
    fs::create_dir_all(&target)?;
    let strict = target.join("no-licence.toml");
    fs::write(&strict, "[licenses]\nallow = []\n")?;
    let control = output(check(tools::workspace(), &strict).arg("licenses"), &[])?;
    let said = String::from_utf8_lossy(&control.stdout);
    ensure!(said.contains("licenses FAILED"), "licences are not looked at: {said}");
    let rows = workspaces().into_iter().map(|workspace| {
        let what = workspace.strip_prefix(tools::workspace())?.join("Cargo.lock").display().to_string();
        let said = done(&mut check(&workspace, &rules()), &[]).context(what.clone())?;
        Ok(Row { what, outcome: String::from_utf8(said.stdout)?.trim().to_owned() })
    });
    rows.collect()
}

/// Compares the interface of the kernel with what it was at a revision, or at the newest release: the tag `v` and a version.
/// What has changed has to be in the version of the kernel.
pub fn promises(revision: Option<&str>) -> Result<Row> {
    let what = "the interface of the kernel".to_owned();
    let mut git = Command::new("git");
    git.args(["tag", "--list", "v*", "--sort=-version:refname"]).current_dir(tools::workspace());
    let releases = String::from_utf8(done(&mut git, &[])?.stdout)?;
    let Some(revision) = revision.or_else(|| releases.lines().next()) else {
        return Ok(Row { what, outcome: "nothing promised: there is no release".to_owned() });
    };
    let mut cargo = Command::new("cargo");
    cargo.args(["semver-checks", "--color", "never", "--package", "tamis", "--baseline-rev", revision]);
    cargo.current_dir(tools::workspace()).env("PATH", ensure_subcommand("cargo-semver-checks", "0.51.0")?);
    done(&mut cargo, &[]).with_context(|| format!("{what} since {revision}"))?;
    Ok(Row { what, outcome: format!("its version says what has changed since {revision}") })
}
