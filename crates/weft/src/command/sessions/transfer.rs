//! `weft sessions export` and `import`: move sessions from one store to another.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::Path,
};

use weft_agent::{Error, Home};
use weft_gateway::{Administration, Imported};

use crate::command::terminal::{note, print_error};

/// Prints all sessions. Those that cannot be read are reported, and make the end an error.
pub(super) fn export(home: &Home) -> Result<(), Error> {
    let store = Administration::open(home)?;
    let mut output = io::stdout().lock();
    let (mut exported, mut failed) = (0_usize, 0_usize);
    let mut write = |line: &[u8]| {
        exported += 1;
        output
            .write_all(line)
            .map_err(|error| Error::other(format!("could not write to standard output: {error}")))
    };
    store.export(&mut write, &mut |error| {
        failed += 1;
        print_error(&error);
    })?;
    let flushed = output.flush();
    flushed.map_err(|error| Error::other(format!("could not write to standard output: {error}")))?;
    end(failed, &format!("sessions exported: {exported}"))
}

/// Adds the sessions in the lines of `file`. Those that cannot be added are reported, and make the end an error.
pub(super) fn import(home: &Home, file: &Path) -> Result<(), Error> {
    let unreadable = |error| Error::other(format!("could not read `{}`: {error}", file.display()));
    let input: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(file).map_err(unreadable)?),
    };
    let store = Administration::open(home)?;
    let (mut added, mut known, mut failed) = (0_usize, 0_usize, 0_usize);
    for (index, line) in BufReader::new(input).split(b'\n').enumerate() {
        let line = line.map_err(unreadable)?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match store.import(&line) {
            Ok((_, Imported::Added)) => added += 1,
            Ok((_, Imported::Known)) => known += 1,
            Err(error) => {
                failed += 1;
                print_error(&Error::other(format!("line {}: {error}", index + 1)));
            }
        }
    }
    end(
        failed,
        &format!("sessions imported: {added}, there already: {known}"),
    )
}

/// Reports what was done. It is an error if something failed.
fn end(failed: usize, done: &str) -> Result<(), Error> {
    if failed > 0 {
        return Err(Error::other(format!("{done}, failed: {failed}")));
    }
    note(done);
    Ok(())
}
