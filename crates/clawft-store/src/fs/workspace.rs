//! A directory for the tools, through the host's own interfaces.

use clawft_tools::{FileFault, Files, Identity, Stat};
use clawft_types::{join, text};

use super::{FsFault, backend, parent};
use crate::random;

/// The mount point of the workspace: `wasmtime run --dir HOST::/workspace`.
pub const DEFAULT_WORKSPACE: &str = "/workspace";

/// A directory that the host granted, for the tools.
#[derive(Debug, Clone)]
pub struct Directory {
    path: String,
}

impl Directory {
    /// Returns the directory at `path`; `None` if the host did not grant it.
    pub fn granted(path: &str) -> Option<Directory> {
        backend::is_dir(path).then(|| Directory {
            path: path.to_owned(),
        })
    }

    fn whole(&self, path: &str) -> String {
        let slash = if path.is_empty() { "" } else { "/" };
        [&self.path, slash, path].concat()
    }

    /// Opens the directory that holds `path`, if it is still the one with this identity: whoever exchanges a directory
    /// for a link meanwhile leads nowhere. Returns it with the name in it.
    fn parent<'a>(
        &self,
        path: &'a str,
        directory: &Option<Identity>,
    ) -> Result<(backend::Parent, &'a str), FsFault> {
        let above = parent(path);
        let name = path.get(above.len()..).unwrap_or_default();
        let opened = backend::parent(&self.whole(above), *directory)?;
        Ok((opened, name.strip_prefix("/").unwrap_or(name)))
    }
}

impl Files for Directory {
    fn stat(&mut self, path: &str) -> Result<Stat, FileFault> {
        Ok(backend::stat_entry(&self.whole(path))?)
    }

    fn link_target(&mut self, path: &str) -> Result<String, FileFault> {
        Ok(backend::link_target(&self.whole(path))?)
    }

    fn read(
        &mut self,
        path: &str,
        identity: Option<Identity>,
        start: u64,
        most: usize,
    ) -> Result<Vec<u8>, FileFault> {
        Ok(backend::read_part(&self.whole(path), identity, start, most)?)
    }

    fn names(
        &mut self,
        path: &str,
        identity: Option<Identity>,
        take: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), FileFault> {
        Ok(backend::names(&self.whole(path), identity, take)?)
    }

    fn write(&mut self, path: &str, directory: &Option<Identity>, bytes: &[u8]) -> Result<(), FileFault> {
        let (parent, name) = self.parent(path, directory)?;
        // A name of its own: that of the file may be as long as names can be.
        let temporary = join!(".tmp-", &text::number(random::number()));
        let mut written = parent.create(&temporary, bytes);
        if written.is_ok() {
            written = parent.rename(&temporary, name);
        }
        if written.is_err() {
            let _ = parent.remove(&temporary);
        }
        Ok(written?)
    }

    fn remove(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault> {
        let (parent, name) = self.parent(path, directory)?;
        Ok(parent.remove(name)?)
    }

    fn make_directory(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault> {
        let (parent, name) = self.parent(path, directory)?;
        Ok(parent.make_directory(name)?)
    }
}

impl From<FsFault> for FileFault {
    fn from(fault: FsFault) -> FileFault {
        match fault {
            FsFault::NotFound => FileFault::NotFound,
            fault => FileFault::Other(fault.cause()),
        }
    }
}
