//! A slow disk and a wrong clock, for programs under test on Linux.
//!
//! [`Shim::compile`] makes a library of `shim.c`; a [`Shim`] then loads it before the C library of a program.
//! The C file describes the effects.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const SOURCE: &str = include_str!("shim.c");

/// The compiled library.
#[derive(Debug, Clone)]
pub struct Shim {
    library: PathBuf,
}

/// The effects of the library on a program, as environment variables.
#[derive(Debug, Clone)]
pub struct Effects {
    variables: Vec<(&'static str, OsString)>,
}

impl Shim {
    /// Compiles the library into `directory` with the C compiler in `CC`, or `cc`.
    ///
    /// # Errors
    /// Fails if there is no compiler, or if it rejects the source.
    #[expect(
        clippy::disallowed_methods,
        reason = "this package has no door to other programs, and starts but one"
    )]
    pub fn compile(directory: &Path) -> io::Result<Self> {
        let library = directory.join("disk-shim.so");
        let compiler = env::var_os("CC")
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "cc".into());
        let mut command = Command::new(&compiler);
        command
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-x", "c", "-", "-ldl", "-o"])
            .arg(&library);
        let mut child = command
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("could not run `{}`: {error}", compiler.display()),
                )
            })?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(SOURCE.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        match output.status.success() && fs::exists(&library)? {
            true => Ok(Self { library }),
            false => Err(io::Error::other(
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )),
        }
    }

    /// Loads the library before a program's C library; by itself this changes nothing.
    pub fn effects(&self) -> Effects {
        Effects {
            variables: vec![("LD_PRELOAD", self.library.clone().into())],
        }
    }
}

impl Effects {
    /// Makes every `fsync` take this number of milliseconds longer.
    pub fn slow(self, milliseconds: u32) -> Self {
        self.with("DISK_SHIM_DELAY_MS", milliseconds.to_string())
    }

    /// Makes every `fsync` of a directory fail with an input/output error.
    pub fn broken(self) -> Self {
        self.with("DISK_SHIM_BROKEN", "1")
    }

    /// Sets the wall clock ahead by this number of seconds.
    pub fn ahead(self, seconds: u32) -> Self {
        self.with("DISK_SHIM_CLOCK_S", seconds.to_string())
    }

    /// Makes the process stop itself once: after the first file that it synchronises.
    pub fn stopped_after_fsync(self) -> Self {
        self.with("DISK_SHIM_STOP", "fsync")
    }

    /// Makes the process stop itself once: before it renames a file to a name that ends with `.json`.
    pub fn stopped_before_rename(self) -> Self {
        self.with("DISK_SHIM_STOP", "rename")
    }

    /// Appends each call to the file at `path`, one per line.
    pub fn logged(self, path: &Path) -> Self {
        self.with("DISK_SHIM_LOG", path)
    }

    fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Returns the variables for the program's environment.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.variables.iter().map(|(name, value)| (*name, value))
    }
}
