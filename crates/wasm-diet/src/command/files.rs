//! Reads and writes files and pipes.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

/// The name of standard input and standard output.
const PIPE: &str = "-";

/// The beginning of the names of temporary files.
const PREFIX: &str = ".wasm-diet-";

/// Returns whether a path stands for standard input or standard output.
pub(super) fn is_pipe(path: &Path) -> bool {
    path == Path::new(PIPE)
}

/// Reads a file, or standard input.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    if is_pipe(path) {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("could not read standard input")?;
        return Ok(bytes);
    }
    fs::read(path).with_context(|| format!("could not read `{}`", path.display()))
}

/// Fails if writing `output` would replace `input`, if it is a terminal, or if it cannot be written: not only after
/// minutes of work.
pub(super) fn check_output(input: &Path, output: &Path) -> Result<()> {
    if is_pipe(output) {
        ensure!(
            !io::stdout().is_terminal(),
            "a binary is not written to a terminal: name a file with -o, or use a pipe"
        );
        return Ok(());
    }
    if let (false, Ok(input), Ok(output)) = (is_pipe(input), input.canonicalize(), output.canonicalize()) {
        ensure!(input != output, "the output is the input: --in-place replaces it");
    }
    check_target(output)
}

/// Fails if a file cannot be written.
pub(super) fn check_target(path: &Path) -> Result<()> {
    let found = Target::of(path).map(drop);
    found.with_context(|| format!("could not write `{}`", path.display()))
}

/// Writes a file, or standard output. Nobody sees a part of the file: it is replaced in one step.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if is_pipe(path) {
        let mut output = io::stdout().lock();
        let written = output.write_all(bytes).and_then(|()| output.flush());
        return written.context("could not write to standard output");
    }
    replace(path, bytes).with_context(|| format!("could not write `{}`", path.display()))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let Target {
        path,
        before,
        directory,
    } = Target::of(path)?;
    if before.as_ref().is_some_and(|it| !it.is_file()) {
        // A device or a named pipe.
        return Ok(fs::write(&path, bytes)?);
    }
    let mut file = temporary(&directory)?;
    file.write_all(bytes)?;
    if let Some(before) = before {
        keep_owner(file.path(), &before);
        file.as_file().set_permissions(before.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// A file that may be written.
struct Target {
    /// Its path, behind all links.
    path: PathBuf,
    /// Its metadata, if it exists.
    before: Option<fs::Metadata>,
    directory: PathBuf,
}

impl Target {
    /// Finds the file that a path stands for.
    ///
    /// # Errors
    /// Fails if it is read-only or a directory, or if it would be in no directory.
    fn of(path: &Path) -> Result<Self> {
        let path = behind_links(path)?;
        let before = fs::metadata(&path).ok();
        if before.as_ref().is_some_and(fs::Metadata::is_dir) {
            bail!("it is a directory");
        }
        ensure!(
            !before.as_ref().is_some_and(|it| it.permissions().readonly()),
            "it is read-only: make it writable, or name another file"
        );
        let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
        let directory = directory.map_or_else(|| PathBuf::from("."), Path::to_owned);
        ensure!(
            directory.is_dir(),
            "there is no directory `{}`",
            directory.display()
        );
        Ok(Self {
            path,
            before,
            directory,
        })
    }
}

/// Returns the file that a path stands for: a link stays one, and the file behind it is replaced or made.
fn behind_links(path: &Path) -> Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(to) = fs::read_link(&path) else {
            return Ok(path);
        };
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    bail!("its links lead nowhere")
}

/// Gives a new file the owner of the one that it replaces, where that is permitted.
#[cfg(unix)]
fn keep_owner(path: &Path, before: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt as _, chown};

    drop(chown(path, Some(before.uid()), Some(before.gid())));
}

/// Does nothing: the owner of a file is the system's business.
#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &fs::Metadata) {}

/// Makes a temporary file with the permissions of every new file.
#[cfg(unix)]
fn temporary(directory: &Path) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(permissions)
        .tempfile_in(directory)
}

/// Makes a temporary file.
#[cfg(not(unix))]
fn temporary(directory: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).tempfile_in(directory)
}

/// Prints a line for people on standard error. Nobody may be there to read it.
pub(super) fn tell(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// Prints a result on standard output.
pub(super) fn print(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("could not write to standard output"),
    }
}
