//! A disk that is soon full, for users who may mount one: root on Linux. Other users run without it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use devkit::cmd;
use xshell::{Shell, cmd};

/// The size of the disk.
const SIZE: &str = "size=72k";

/// A file system in memory, unmounted when this is dropped.
#[derive(Debug)]
pub(super) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one over the directory at `path`; `None` if that is not allowed.
    pub(super) fn mount(path: &Path) -> Result<Option<Self>> {
        if !cfg!(target_os = "linux") {
            return Ok(None);
        }
        let shell = Shell::new()?;
        let mounted = cmd::run_quietly(
            cmd!(shell, "mount -t tmpfs -o {SIZE} tmpfs {path}"),
            "mount a small disk",
            5,
        );
        Ok(mounted.is_ok().then(|| Self(path.to_path_buf())))
    }

    /// Makes everything on it unchangeable.
    pub(super) fn make_read_only(&mut self) -> Result<()> {
        let shell = Shell::new()?;
        let path = &self.0;
        cmd::run_quietly(
            cmd!(shell, "mount -o remount,ro {path}"),
            "make a disk read-only",
            5,
        )
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let path = &self.0;
        // A lazy unmount works even while a process has a file open.
        let _ = Shell::new()
            .map(|shell| cmd::run_quietly(cmd!(shell, "umount --lazy {path}"), "unmount a small disk", 5));
    }
}
