//! Errors of an engine that are not about a module.

use std::{error, fmt};

use anyhow::Error;

/// An error that ends [`shrink`](super::shrink): the engine cannot be used for any module, because it cannot be
/// started, there is no room, or it was stopped.
#[derive(Debug)]
pub struct Unavailable(Error);

impl Unavailable {
    /// Returns an error with the texts of `error`.
    pub fn wrap(error: Error) -> Error {
        Self(error).into()
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl error::Error for Unavailable {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source()
    }
}
