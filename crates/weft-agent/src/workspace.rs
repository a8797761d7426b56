//! The directories that tools use: the workspace and the home directory.

use std::{
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use cap_fs_ext::{
    DirExt as _, FollowSymlinks, MetadataExt as _, OpenOptionsFollowExt as _, OpenOptionsMaybeDirExt as _,
};
use cap_std::{
    ambient_authority,
    fs::{Dir, File, FileType, Metadata, OpenOptions, Permissions},
};
use clawft_store::FsFault;
use clawft_tools::{FileFault, Files, Host, Identity, Kind, Stat};

use crate::{
    error::Error,
    home::{Home, file_error},
};

/// Returns the grants for the tools of a turn: `workspace`, if there is one, and `home`. No tool reaches the
/// home directory and the configuration file. The home directory is made if it does not exist: otherwise a
/// tool could make it, with a configuration.
///
/// # Errors
/// If the workspace is no directory, or is the home directory itself or below its sessions.
pub fn host(workspace: Option<&Path>, home: &Home) -> Result<Host, Error> {
    home.make()?;
    let open = |path: &Path| Directory::open(path).map_err(|error| file_error("open", path, error));
    let real = |path: &Path| {
        path.canonicalize()
            .map_err(|error| file_error("open", path, error))
    };
    let mut host = Host {
        home: Some(Box::new(open(&home.directory)?)),
        http: true,
        confidential: identities(&home.config),
        ..Host::default()
    };
    if let Some(path) = workspace {
        host.workspace = Some(Box::new(open(path)?));
        let root = real(path)?;
        let home = real(&home.directory)?;
        if root == home || root.starts_with(home.join("sessions")) {
            let path = path.display();
            return Err(Error::other(format!(
                "the workspace `{path}` is the directory of the configuration and the sessions: use another one"
            )));
        }
        host.root = root.to_str().unwrap_or_default().to_owned();
    }
    Ok(host)
}

/// Returns the identities of a file, and of the link if its path is one.
fn identities(path: &Path) -> Vec<Identity> {
    let link = parent(path).and_then(|(parent, name)| {
        let parent = Dir::open_ambient_dir(parent, ambient_authority()).ok()?;
        parent.symlink_metadata(name).ok()
    });
    let file = regular(path)
        .then(|| {
            File::open_ambient(path, ambient_authority())
                .and_then(|file| file.metadata())
                .ok()
        })
        .flatten();
    [link, file]
        .into_iter()
        .flatten()
        .map(|found| identity(&found))
        .collect()
}

/// Returns whether this is a regular file: opening a pipe could block forever.
fn regular(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

fn parent(path: &Path) -> Option<(&Path, PathBuf)> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Some((parent.unwrap_or(Path::new(".")), path.file_name()?.into()))
}

/// A directory of this machine, for the tools.
#[derive(Debug)]
pub struct Directory {
    directory: Dir,
}

impl Directory {
    /// Opens the directory at `path`.
    ///
    /// # Errors
    /// If it does not exist or is no directory.
    pub fn open(path: &Path) -> io::Result<Directory> {
        Ok(Directory {
            directory: Dir::open_ambient_dir(path, ambient_authority())?,
        })
    }

    /// Opens an entry, if it is still the one with this identity.
    fn entry(&self, path: &str, expected: Option<Identity>) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).maybe_dir(true);
        // Opening a pipe must not block.
        #[cfg(unix)]
        cap_std::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        let entry = self.directory.open_with(named(path), &options)?;
        if Some(identity(&entry.metadata()?)) == expected {
            Ok(entry)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// Opens the directory that holds `path` name by name, so that no link in place of a directory is followed, if it
    /// is still the one with this identity. Returns it with the last name.
    fn parent<'a>(&self, path: &'a str, expected: &Option<Identity>) -> io::Result<(Dir, &'a str)> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut directory = self.directory.try_clone()?;
        for name in above.split('/').filter(|name| !name.is_empty()) {
            directory = directory.open_dir_nofollow(name)?;
        }
        if expected.is_none() || Some(identity(&directory.dir_metadata()?)) == *expected {
            Ok((directory, name))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// Writes a temporary file beside `path`, and renames it. A file that is read-only is not replaced.
    fn replace(&self, path: &str, directory: &Option<Identity>, bytes: &[u8]) -> io::Result<()> {
        let (parent, name) = self.parent(path, directory)?;
        let old = parent.symlink_metadata(name).ok();
        let old = old.filter(Metadata::is_file).map(|old| old.permissions());
        if old.as_ref().is_some_and(Permissions::readonly) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        // A name of its own: that of the file may be as long as names can be.
        let temporary = format!(".tmp-{}", clawft_store::random::number());
        let mut options = OpenOptions::new();
        let mut file = parent.open_with(&temporary, options.write(true).create_new(true))?;
        let written = file.write_all(bytes).and_then(|()| {
            // A script stays executable.
            if let Some(old) = old {
                file.set_permissions(old)?;
            }
            drop(file);
            parent.rename(&temporary, &parent, name)
        });
        if written.is_err() {
            let _ = parent.remove_file(&temporary);
        }
        written
    }
}

impl Files for Directory {
    fn stat(&mut self, path: &str) -> Result<Stat, FileFault> {
        let found = match path {
            "" => self.directory.dir_metadata(),
            path => self.directory.symlink_metadata(path),
        };
        let found = found.map_err(fault)?;
        Ok(Stat {
            kind: kind(found.file_type()),
            size: found.len(),
            identity: Some(identity(&found)),
        })
    }

    fn link_target(&mut self, path: &str) -> Result<String, FileFault> {
        let target = self.directory.read_link_contents(path).map_err(fault)?;
        let target = target.into_os_string().into_string();
        target.map_err(|_| FileFault::Other("the target of the link is not UTF-8"))
    }

    fn read(
        &mut self,
        path: &str,
        identity: Option<Identity>,
        start: u64,
        most: usize,
    ) -> Result<Vec<u8>, FileFault> {
        let read = self.entry(path, identity).and_then(|mut file| {
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::new();
            file.take(most as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        read.map_err(fault)
    }

    fn names(
        &mut self,
        path: &str,
        identity: Option<Identity>,
        take: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), FileFault> {
        let directory = match path {
            "" => self.directory.try_clone(),
            path => self
                .entry(path, identity)
                .map(|entry| Dir::from_std_file(entry.into_std())),
        };
        for entry in directory
            .and_then(|directory| directory.entries())
            .map_err(fault)?
        {
            let name = entry.map_err(fault)?.file_name();
            if !take(name.to_str().unwrap_or_default()) {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, path: &str, directory: &Option<Identity>, bytes: &[u8]) -> Result<(), FileFault> {
        self.replace(path, directory, bytes).map_err(fault)
    }

    fn remove(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault> {
        let removed = self
            .parent(path, directory)
            .and_then(|(parent, name)| parent.remove_file(name));
        removed.map_err(fault)
    }

    fn make_directory(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault> {
        let made = self
            .parent(path, directory)
            .and_then(|(parent, name)| parent.create_dir(name));
        made.map_err(fault)
    }
}

/// Returns the path for cap-std, which has no empty path.
fn named(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

fn kind(found: FileType) -> Kind {
    match () {
        () if found.is_file() => Kind::File,
        () if found.is_dir() => Kind::Directory,
        () if found.is_symlink() => Kind::Link,
        () => Kind::Other,
    }
}

fn identity(found: &Metadata) -> Identity {
    Identity(found.dev(), found.ino())
}

/// Returns the error with the store's wording.
fn fault(error: io::Error) -> FileFault {
    match FsFault::from(error) {
        FsFault::NotFound => FileFault::NotFound,
        other => FileFault::Other(other.cause()),
    }
}
