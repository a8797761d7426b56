//! The workspace: paths of the model, resolved without leaving it and without reaching what is confidential.

mod change;
mod guard;
mod list;
mod read;
#[cfg(feature = "search")]
mod search;

pub(crate) use guard::Guard;
pub(crate) use read::Lines;

use alloc::{borrow::ToOwned as _, string::String};

use clawft_types::join;

use crate::files::{FileFault, Files, Identity, Kind, Stat};

/// The number of symbolic links that are followed in a path.
const MAX_LINKS: u32 = 16;

/// The maximum length of a path in bytes.
const MAX_PATH: usize = 1024;

/// An error message for the model. It may go on in [`Workspace::detail`].
pub(crate) type Fault = &'static str;

/// The text of a result.
pub(crate) type Answer = Result<String, Fault>;

const OUTSIDE: Fault = "this is outside of the workspace: give a path relative to the workspace";
const IS_DIRECTORY: Fault = "this is a directory";
const NO_FILE: Fault = "this is not a regular file";
const BINARY: Fault = "this is a binary file";

/// The workspace during one call.
pub(crate) struct Workspace<'a> {
    pub(crate) files: &'a mut dyn Files,
    pub(crate) guard: Guard,
    /// The directory's name on the host; an absolute path may begin with it.
    pub(crate) root: &'a str,
    /// The rest of an error message.
    pub(crate) detail: &'a mut String,
    /// Whether a walk has left out entries because of their names.
    pub(crate) is_lacking: bool,
}

/// A path without links, whose directories were checked.
pub(crate) struct Located {
    /// The path for [`Files`].
    pub(crate) path: String,
    /// `None` if nothing has that name.
    pub(crate) stat: Option<Stat>,
}

impl Workspace<'_> {
    /// Resolves a path of the model. With `follows`, a link at its end is followed as well.
    fn locate(&mut self, path: &str, follows: bool) -> Result<Located, Fault> {
        let mut relative = path;
        if path.starts_with("/") {
            relative = path
                .strip_prefix(self.root)
                .filter(|below| below.is_empty() || below.starts_with("/"))
                .ok_or(OUTSIDE)?;
        }
        Ok(locate(self.files, &self.guard, relative, follows)?)
    }

    /// Resolves the path of something that exists.
    fn existing(&mut self, path: &str) -> Result<(String, Stat), Fault> {
        let located = self.locate(path, true)?;
        Ok((located.path, located.stat.ok_or(FileFault::NotFound)?))
    }

    /// Resolves the path of a regular file that exists.
    fn existing_file(&mut self, path: &str) -> Result<(String, Stat), Fault> {
        let (path, stat) = self.existing(path)?;
        check_kind(stat.kind)?;
        Ok((path, stat))
    }

    /// Returns the identity of the directory that holds `path`, in which a name is to be changed.
    fn directory(&mut self, path: &str) -> Result<Option<Identity>, FileFault> {
        let above = path.get(..parent(path)).unwrap_or_default();
        let located = locate(self.files, &self.guard, above, false)?;
        Ok(located.stat.ok_or(FileFault::NotFound)?.identity)
    }

    /// Continues the error message.
    fn fail(&mut self, message: Fault, detail: &[&str]) -> Fault {
        *self.detail = detail.concat();
        message
    }
}

/// Fails for everything but regular files.
fn check_kind(kind: Kind) -> Result<(), Fault> {
    match kind {
        Kind::File => Ok(()),
        Kind::Directory => Err(IS_DIRECTORY),
        _ => Err(NO_FILE),
    }
}

/// Resolves `path` in `files` name by name, as the system would, without leaving the directory. Each existing
/// directory on the way and the entry itself are compared with `guard`.
pub(crate) fn locate(
    files: &mut dyn Files,
    guard: &Guard,
    path: &str,
    follows: bool,
) -> Result<Located, FileFault> {
    check_text(path)?;
    // The path with the targets of links in place of their names, and the position of the next name.
    let mut text = path.to_owned();
    let mut at = 0;
    let mut located = Located {
        path: String::new(),
        stat: Some(guard.check(files.stat("")?)?),
    };
    let mut links = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let name = rest.get(..position(rest, b'/')).unwrap_or_default();
        at += name.len() + 1;
        if matches!(name, "" | ".") {
            continue;
        }
        let above = located.path.len();
        if located.stat.is_some_and(|stat| stat.kind != Kind::Directory) {
            return Err(FileFault::Other("a part of the path is not a directory"));
        }
        if name != ".." {
            push(&mut located.path, name);
        } else if located.stat.is_none() {
            return Err(FileFault::NotFound);
        } else if above == 0 {
            return Err(FileFault::Other(OUTSIDE));
        } else {
            located.path.truncate(parent(&located.path));
        }
        let directory = located.stat;
        // Below a missing directory nothing is found.
        located.stat = match files.stat(&located.path) {
            Ok(stat) => Some(guard.check(stat)?),
            Err(FileFault::NotFound) => None,
            Err(fault) => return Err(fault),
        };
        let rest = text.get(at..).unwrap_or_default();
        let is_link = located.stat.is_some_and(|stat| stat.kind == Kind::Link);
        if is_link && (follows || !rest.is_empty()) {
            links += 1;
            let target = files.link_target(&located.path)?;
            if links > MAX_LINKS || target.starts_with("/") {
                return Err(FileFault::Other(
                    "this leads through a symbolic link that is not followed: it has an absolute target, or leads to too many others",
                ));
            }
            check_text(&target)?;
            text = join!(&target, "/", rest);
            at = 0;
            located.path.truncate(above);
            located.stat = directory;
        }
    }
    Ok(located)
}

/// Fails for a path that is too long or holds a character that is not supported. A backslash separates names
/// on Windows, and a colon names a drive or a stream.
fn check_text(path: &str) -> Result<(), FileFault> {
    let is_odd = |byte: u8| byte < b' ' || byte == b'\\' || byte == 0x7f || (cfg!(windows) && byte == b':');
    if path.len() > MAX_PATH || path.bytes().any(is_odd) {
        return Err(FileFault::Other(
            "the path is too long or holds a character that is not supported",
        ));
    }
    Ok(())
}

/// Appends a name to a path.
fn push(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(name);
}

/// Returns the path of `name` in `directory`.
pub(crate) fn join(directory: &str, name: &str) -> String {
    let mut path = directory.to_owned();
    push(&mut path, name);
    path
}

/// Returns the length of the path of the directory that holds `path`; 0 for the root.
fn parent(path: &str) -> usize {
    path.bytes().rposition(|byte| byte == b'/').unwrap_or_default()
}

/// Returns the name at the end of a path.
fn name(path: &str) -> &str {
    match parent(path) {
        0 => path,
        end => path.get(end + 1..).unwrap_or_default(),
    }
}

/// Returns the position of the first `byte`; the length of the text if there is none.
pub(crate) fn position(text: &str, byte: u8) -> usize {
    let found = text.bytes().position(|other| other == byte);
    found.unwrap_or(text.len())
}
