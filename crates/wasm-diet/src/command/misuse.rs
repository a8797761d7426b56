//! Errors of the command line itself.

use std::{error, fmt};

/// An error of the command line that only running the command finds. It ends with the exit code of an invalid command
/// line.
#[derive(Debug)]
pub(super) struct Misuse(&'static str);

impl Misuse {
    /// Returns an error with this text.
    pub(super) fn error(text: &'static str) -> anyhow::Error {
        Self(text).into()
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for Misuse {}
