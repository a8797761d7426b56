//! Reads and writes files and pipes.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    misuse::Misuse,
    text::{escaped_json, printable},
};

/// The names of standard input. The system's own cannot be opened if it is a socket.
const STDIN: [&str; 4] = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/// The names of standard output.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// The beginning of the names of temporary files.
const PREFIX: &str = ".wasm-diet-";

/// Returns whether a path stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    STDIN.iter().any(|name| path == Path::new(name))
}

/// Returns whether a path stands for standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    STDOUT.iter().any(|name| path == Path::new(name))
}

/// Fails if several of the inputs are standard input, which is read once.
pub(super) fn check_inputs<'p>(inputs: impl IntoIterator<Item = &'p Path>) -> Result<()> {
    let from_stdin = inputs.into_iter().filter(|path| is_stdin(path)).count();
    if from_stdin > 1 {
        return Err(Misuse::error(
            "only one of the files can be standard input, which is read once",
        ));
    }
    Ok(())
}

/// Reads a file, or standard input.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    if is_stdin(path) {
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
    if is_stdout(output) {
        ensure!(
            !io::stdout().is_terminal(),
            "a binary is not written to a terminal: name a file with -o, or use a pipe"
        );
        return Ok(());
    }
    if is_same_file(input, output) {
        return Err(Misuse::error("the output is the input: --in-place replaces it"));
    }
    check_target(output)
}

/// Fails if writing the page `output` would replace one of `inputs`, or if it cannot be written.
pub(super) fn check_page<'p>(inputs: impl IntoIterator<Item = &'p Path>, output: &Path) -> Result<()> {
    if is_stdout(output) {
        return Ok(());
    }
    if inputs.into_iter().any(|input| is_same_file(input, output)) {
        return Err(Misuse::error(
            "the page would replace a file that it is about: name another one with --html",
        ));
    }
    check_target(output)
}

/// Returns whether two paths lead to one file that exists.
fn is_same_file(input: &Path, output: &Path) -> bool {
    let files = input.canonicalize().ok().zip(output.canonicalize().ok());
    !is_stdin(input) && files.is_some_and(|(input, output)| input == output)
}

/// Fails if a file cannot be replaced by another, because it is a pipe or a device, or cannot be written.
pub(super) fn check_in_place(path: &Path) -> Result<()> {
    let is_special = |found: fs::Metadata| !found.is_file() && !found.is_dir();
    if is_stdin(path) || fs::metadata(path).is_ok_and(is_special) {
        return Err(Misuse::error(
            "--in-place wants a file, not standard input, a pipe or a device",
        ));
    }
    check_target(path)
}

/// Fails if a file cannot be written.
fn check_target(path: &Path) -> Result<()> {
    let found = Target::of(path).map(drop);
    found.with_context(|| format!("could not write `{}`", path.display()))
}

/// Writes a file, or standard output. Nobody sees a part of the file: it is replaced in one step.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if is_stdout(path) {
        let mut output = io::stdout().lock();
        let written = output.write_all(bytes).and_then(|()| output.flush());
        return written.context("could not write to standard output");
    }
    replace(path, bytes).with_context(|| format!("could not write `{}`", path.display()))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let Some(target) = Target::of(path)? else {
        return Ok(fs::write(path, bytes)?);
    };
    let Target {
        path,
        before,
        directory,
    } = target;
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

/// A file that may be replaced.
struct Target {
    /// Its path, behind all links.
    path: PathBuf,
    /// Its metadata, if it exists.
    before: Option<fs::Metadata>,
    directory: PathBuf,
}

impl Target {
    /// Finds the file that a path stands for; `None` if it is a pipe, a device, or a file that this process has been
    /// given open, such as a shell's `>(…)`.
    ///
    /// # Errors
    /// Fails if it is read-only or a directory, or if it would be in no directory.
    fn of(path: &Path) -> Result<Option<Self>> {
        let path = behind_links(path)?;
        let before = fs::metadata(&path).ok();
        if before.as_ref().is_some_and(fs::Metadata::is_dir) {
            bail!("it is a directory");
        }
        ensure!(
            !before.as_ref().is_some_and(|it| it.permissions().readonly()),
            "it is read-only: make it writable, or name another file"
        );
        if is_descriptor(&path) || before.as_ref().is_some_and(|it| !it.is_file()) {
            return Ok(None);
        }
        let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
        let directory = directory.map_or_else(|| PathBuf::from("."), Path::to_owned);
        ensure!(
            directory.is_dir(),
            "there is no directory `{}`",
            directory.display()
        );
        Ok(Some(Self {
            path,
            before,
            directory,
        }))
    }
}

/// Follows symbolic links to the file that has to be replaced or made, so that the links remain. The link of an open
/// file, such as `/dev/fd/63`, is not followed, because its text is not a path.
fn behind_links(path: &Path) -> Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if is_descriptor(&path) {
            return Ok(path);
        }
        let Ok(to) = fs::read_link(&path) else {
            return Ok(path);
        };
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    bail!("its links lead nowhere")
}

/// Returns whether a path stands for a file that a process has open, such as `/dev/fd/63`.
fn is_descriptor(path: &Path) -> bool {
    let directory = path.parent().unwrap_or(Path::new(""));
    directory == Path::new("/dev/fd") || (directory.starts_with("/proc") && directory.ends_with("fd"))
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
    drop(writeln!(io::stderr(), "{}", printable(text)));
}

/// Prints JSON on standard error.
pub(super) fn tell_json(text: &str) {
    tell(&escaped_json(text));
}

/// Prints a text for people on standard output.
pub(super) fn print(text: &str) -> Result<()> {
    print_line(&printable(text))
}

/// Prints JSON on standard output.
pub(super) fn print_json(text: &str) -> Result<()> {
    print_line(&escaped_json(text))
}

fn print_line(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("could not write to standard output"),
    }
}
