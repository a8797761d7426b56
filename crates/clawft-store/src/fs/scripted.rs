//! The native back end for tests, in which a thread's file operations can be watched, delayed and made to
//! fail.
//!
//! A thread of a test plays a process. The script given to [`intercept`] is called before each file operation
//! of that thread.

#[path = "standard.rs"]
mod standard;

use crate::fs::{Content, FsFault};
pub(in crate::fs) use standard::{Claim, holder_name, is_dir, is_inside, remove_abandoned, size};
use std::cell::RefCell;

/// Gets the name of an operation and its path. If it returns an error, the operation fails with it and the
/// file system is not used.
pub(crate) type Script = Box<dyn FnMut(&'static str, &str) -> Result<(), FsFault>>;

thread_local! {
    static SCRIPT: RefCell<Option<Script>> = const { RefCell::new(None) };
}

/// Runs `work`, and announces each of this thread's operations to `script`.
pub(crate) fn intercept<T>(
    script: impl FnMut(&'static str, &str) -> Result<(), FsFault> + 'static,
    work: impl FnOnce() -> T,
) -> T {
    SCRIPT.set(Some(Box::new(script)));
    let done = work();
    SCRIPT.set(None);
    done
}

fn announce(call: &'static str, path: &str) -> Result<(), FsFault> {
    // Taken out meanwhile, because a script may use files itself.
    let Some(mut script) = SCRIPT.take() else {
        return Ok(());
    };
    let said = script(call, path);
    SCRIPT.set(Some(script));
    said
}

pub(in crate::fs) fn read(path: &str) -> Result<Vec<u8>, FsFault> {
    announce("read", path)?;
    standard::read(path)
}

pub(in crate::fs) fn create(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    announce("create", path)?;
    standard::create(path, content)
}

pub(in crate::fs) fn claim(path: &str) -> Result<Claim, FsFault> {
    announce("claim", path)?;
    standard::claim(path)
}

pub(in crate::fs) fn fill(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    announce("fill", path)?;
    standard::fill(path, content)
}

pub(in crate::fs) fn append(path: &str, bytes: &[u8]) -> Result<(), FsFault> {
    announce("append", path)?;
    standard::append(path, bytes)
}

/// Announced with the new path.
pub(in crate::fs) fn rename(from: &str, to: &str) -> Result<(), FsFault> {
    announce("rename", to)?;
    standard::rename(from, to)
}

pub(in crate::fs) fn remove(path: &str) -> Result<(), FsFault> {
    announce("remove", path)?;
    standard::remove(path)
}

pub(in crate::fs) fn create_dir(path: &str) -> Result<(), FsFault> {
    announce("create_dir", path)?;
    standard::create_dir(path)
}

pub(in crate::fs) fn sync_dir(path: &str) -> Result<(), FsFault> {
    announce("sync_dir", path)?;
    standard::sync_dir(path)
}

pub(in crate::fs) fn each_name(path: &str, take: &mut dyn FnMut(&str)) -> Result<(), FsFault> {
    announce("each_name", path)?;
    standard::each_name(path, take)
}

pub(in crate::fs) fn exists(path: &str) -> bool {
    standard::exists(path)
}
