//! Files that are written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes all of `files`, each under another name first: only when all are complete do they take their own.
pub fn write(files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let written = files.iter().try_for_each(|(path, bytes)| {
        fs::write(unfinished(path), bytes).with_context(|| format!("{} cannot be written", path.display()))
    });
    let renamed = written.and_then(|()| {
        files.iter().try_for_each(|(path, _)| {
            fs::rename(unfinished(path), path)
                .with_context(|| format!("{} cannot be written", path.display()))
        })
    });
    if renamed.is_err() {
        files.iter().for_each(|(path, _)| _ = fs::remove_file(unfinished(path)));
    }
    renamed
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_or_none() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("tamis-whole-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let files =
            |last: &str| vec![(folder.join("a"), b"new".to_vec()), (folder.join(last), b"new".to_vec())];
        fs::write(folder.join("a"), "old")?;
        assert!(write(&files("missing/b")).is_err());
        assert_eq!(fs::read(folder.join("a"))?, b"old");
        assert_eq!(fs::read_dir(&folder)?.count(), 1, "nothing is left over");
        write(&files("b"))?;
        assert_eq!((fs::read(folder.join("a"))?, fs::read_dir(&folder)?.count()), (b"new".to_vec(), 2));
        fs::remove_dir_all(folder)?;
        Ok(())
    }
}
