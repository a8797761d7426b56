//! The environment of a child process: the variables that every program needs, and those of the configuration.

/// The variables that a program gets besides the configured ones. None of them holds a key.
#[cfg(not(windows))]
const BASIC: &[&str] = &[
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
];
#[cfg(windows)]
const BASIC: &[&str] = &[
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "PATH",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERNAME",
    "USERPROFILE",
    "WINDIR",
];

/// Returns the basic variables of this process.
pub(crate) fn basic() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    BASIC
        .iter()
        .filter_map(|name| Some((*name, std::env::var_os(name)?)))
}
