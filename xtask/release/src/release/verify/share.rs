//! Folders that another place has as well, at a path of its own.

use std::{fs, io, path::Path};

use anyhow::{Context as _, Result};
use devkit::files;

/// Has the folder `to` hold what is in `from`, if there is such a folder, but for what is in folders there called one of
/// `without`. What is there in the same size is left as it is.
///
/// # Errors
/// A file can't be read or written.
pub(super) fn folder(
    from: &Path,
    to: &Path,
    without: &[&str],
    share: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    let size = |path: &Path| fs::metadata(path).map(|it| it.len()).ok();
    for path in files::below(from)? {
        let inner = path.strip_prefix(from)?;
        let goal = to.join(inner);
        if without.iter().any(|name| inner.starts_with(name)) || size(&goal) == size(&path) {
            continue;
        }
        let make = || -> io::Result<()> {
            fs::create_dir_all(goal.parent().unwrap_or(to))?;
            // What is there may be the very file that others have as well, which must not be written to.
            fs::remove_file(&goal).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
            share(&path, &goal)
        };
        make().with_context(|| format!("could not write `{}`", goal.display()))?;
    }
    Ok(())
}

/// For files that nobody writes to.
pub(super) fn link(from: &Path, to: &Path) -> io::Result<()> {
    // Another file system takes a copy.
    fs::hard_link(from, to).or_else(|_| copy(from, to))
}

/// For all others.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_shared_once_and_what_changed_again() {
        let parent = tempfile::tempdir().unwrap();
        let (from, to) = (parent.path().join("from"), parent.path().join("to"));
        for (path, text) in [("index/a", "1"), ("share/b", "2")] {
            fs::create_dir_all(from.join(path).parent().unwrap()).unwrap();
            fs::write(from.join(path), text).unwrap();
        }
        let read = || fs::read_to_string(to.join("index/a")).unwrap();
        folder(&from, &to, &["share"], &link).unwrap();
        assert_eq!((read().as_str(), to.join("share").exists()), ("1", false));
        fs::remove_file(from.join("index/a")).unwrap();
        fs::write(from.join("index/a"), "22").unwrap();
        folder(&from, &to, &[], &copy).unwrap();
        assert_eq!((read().as_str(), to.join("share/b").exists()), ("22", true));
        folder(&parent.path().join("nothing"), &to, &[], &copy).unwrap();
    }
}
