//! A directory for the tools, through the host's own interfaces.

use super::{FsFault, backend};
use crate::random;
use clawft_tools::{FileFault, Files, Identity, Stat};
use clawft_types::join;
use clawft_types::text;

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

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), FileFault> {
        let whole = self.whole(path);
        // A name of its own: that of the file may be as long as names can be.
        let slash = whole.bytes().rposition(|byte| byte == b'/');
        let directory = whole.get(..slash.unwrap_or_default()).unwrap_or_default();
        let temporary = join!(directory, "/.tmp-", &text::number(random::number()));
        let written =
            backend::create_part(&temporary, bytes).and_then(|()| backend::rename(&temporary, &whole));
        if written.is_err() {
            let _ = backend::remove(&temporary);
        }
        Ok(written?)
    }

    fn remove(&mut self, path: &str) -> Result<(), FileFault> {
        Ok(backend::remove(&self.whole(path))?)
    }

    fn make_directory(&mut self, path: &str) -> Result<(), FileFault> {
        Ok(backend::create_dir(&self.whole(path))?)
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
