//! The workspace: paths of the model, resolved without leaving it and without reaching what is confidential.

mod change;
mod guard;
mod list;
mod read;
mod search;

pub(crate) use change::Edit;
pub(crate) use guard::Guard;
pub(crate) use read::Lines;
pub(crate) use search::Search;

use crate::files::{FileFault, Files, Kind, Stat};
use crate::text::show;
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

/// The number of symbolic links that are followed in a path.
const MAX_LINKS: usize = 16;

/// The maximum length of a path in bytes.
const MAX_PATH: usize = 1024;

/// The text of a result: for success or as an error message.
pub(crate) type Answer = Result<String, String>;

/// The workspace during one call.
pub(crate) struct Workspace<'a> {
    pub(crate) files: &'a mut dyn Files,
    pub(crate) guard: Guard,
    /// The directory's name on the host; an absolute path may begin with it.
    pub(crate) root: &'a str,
}

/// A path without links, whose directories were checked.
pub(crate) struct Located {
    /// The path for [`Files`].
    pub(crate) path: String,
    /// `None` if nothing has that name.
    pub(crate) stat: Option<Stat>,
}

/// The treatment of a symbolic link at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    Follow,
    Keep,
}

impl Workspace<'_> {
    /// Resolves a path of the model. The error message names it.
    pub(crate) fn locate(&mut self, path: &str, last: Last) -> Result<Located, String> {
        let located = match self.relative(path) {
            Some(relative) => locate(self.files, &self.guard, relative, last),
            None => Err(FileFault::Other(OUTSIDE.to_owned())),
        };
        located.map_err(|fault| failed("use", path, fault))
    }

    /// Returns the path relative to the workspace; `None` for an absolute path elsewhere.
    fn relative<'p>(&self, path: &'p str) -> Option<&'p str> {
        if !path.starts_with('/') {
            return Some(path);
        }
        let below = path.strip_prefix(self.root)?;
        (below.is_empty() || below.starts_with('/')).then_some(below)
    }

    /// Resolves the path of a regular file that exists.
    fn existing_file(&mut self, path: &str) -> Result<(String, Stat), String> {
        let located = self.locate(path, Last::Follow)?;
        match located.stat {
            Some(stat) if stat.kind == Kind::File => Ok((located.path, stat)),
            Some(stat) => Err(failed(
                "read",
                path,
                FileFault::Other(not_a_file(stat.kind).to_owned()),
            )),
            None => Err(failed("read", path, FileFault::NotFound)),
        }
    }
}

const OUTSIDE: &str = "it is outside of the workspace: give a path relative to the workspace";

/// Returns the reason why an entry of this kind cannot be read or written as a file.
fn not_a_file(kind: Kind) -> &'static str {
    match kind {
        Kind::Directory => "it is a directory",
        _ => "it is not a regular file",
    }
}

/// Returns the error message of an operation.
pub(crate) fn failed(operation: &str, path: &str, fault: FileFault) -> String {
    let cause = match &fault {
        FileFault::NotFound => "no such file or directory",
        FileFault::Other(cause) => cause,
    };
    let mut shown = String::new();
    show(&mut shown, path);
    ["cannot ", operation, " `", &shown, "`: ", cause].concat()
}

/// Resolves `path` in `files` name by name, as the system would, without leaving the directory. Each existing
/// directory on the way and the entry itself are compared with `guard`.
pub(crate) fn locate(
    files: &mut dyn Files,
    guard: &Guard,
    path: &str,
    last: Last,
) -> Result<Located, FileFault> {
    if path.len() > MAX_PATH {
        return Err(FileFault::Other("the path is too long".to_owned()));
    }
    let mut rest = Vec::new();
    push_names(&mut rest, path)?;
    let mut located = Located {
        path: String::new(),
        stat: Some(guard.check(files.stat("")?)?),
    };
    let mut links = 0;
    while let Some(name) = rest.pop() {
        let Some(directory) = located.stat else {
            // Whatever is below a missing directory is missing as well.
            if name == ".." {
                return Err(FileFault::NotFound);
            }
            located.path = join(&located.path, &name);
            continue;
        };
        if directory.kind != Kind::Directory {
            return Err(FileFault::Other(
                "a part of the path is not a directory".to_owned(),
            ));
        }
        if name == ".." {
            located.path = parent(&located.path)
                .ok_or_else(|| FileFault::Other(OUTSIDE.to_owned()))?
                .to_owned();
            located.stat = Some(guard.check(files.stat(&located.path)?)?);
            continue;
        }
        let next = join(&located.path, &name);
        let stat = match files.stat(&next) {
            Ok(stat) => Some(guard.check(stat)?),
            Err(FileFault::NotFound) => None,
            Err(fault) => return Err(fault),
        };
        let is_link = stat.is_some_and(|stat| stat.kind == Kind::Link);
        if is_link && (last == Last::Follow || !rest.is_empty()) {
            links += 1;
            if links > MAX_LINKS {
                return Err(FileFault::Other("too many symbolic links".to_owned()));
            }
            let target = files.link_target(&next)?;
            if target.starts_with('/') {
                return Err(FileFault::Other(
                    "it leads through a symbolic link with an absolute target, which is not followed"
                        .to_owned(),
                ));
            }
            push_names(&mut rest, &target)?;
            continue;
        }
        located = Located { path: next, stat };
    }
    Ok(located)
}

/// Pushes the names in `path` so that the first one is popped first.
fn push_names(rest: &mut Vec<String>, path: &str) -> Result<(), FileFault> {
    // A backslash separates names on Windows, and a colon names a drive or a stream.
    let is_odd =
        |character: char| character.is_control() || character == '\\' || (cfg!(windows) && character == ':');
    if path.contains(is_odd) {
        return Err(FileFault::Other(
            "the path holds a character that is not supported".to_owned(),
        ));
    }
    let names = path.split('/').rev();
    rest.extend(names.filter(|name| !matches!(*name, "" | ".")).map(str::to_owned));
    Ok(())
}

/// Returns the path of `name` in `directory`.
pub(crate) fn join(directory: &str, name: &str) -> String {
    let slash = if directory.is_empty() { "" } else { "/" };
    [directory, slash, name].concat()
}

/// Returns the path of the directory that holds `path`; `None` for the root.
fn parent(path: &str) -> Option<&str> {
    if path.is_empty() {
        return None;
    }
    let end = path.bytes().rposition(|byte| byte == b'/').unwrap_or_default();
    path.get(..end)
}
