//! `weft sessions export` and `import`: move sessions from one store to another.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Write as _},
    path::Path,
};

use weft_agent::{Error, Home, home::file_error, text};
use weft_gateway::Imported;

use crate::command::{
    store,
    terminal::{note, output_error, print_error},
};

/// Prints all sessions. Those that cannot be read are reported, and make the end an error. If the reader closes the
/// stream, the rest is left out.
pub(super) fn export(home: &Home) -> Result<(), Error> {
    let store = store::open(home)?;
    let mut output = io::stdout().lock();
    let mut exported = 0_usize;
    let mut failed = 0_usize;
    let mut is_closed = false;
    let mut write = |line: &[u8]| {
        exported += 1;
        let written = output.write_all(line).and_then(|()| output.flush());
        written.map_err(|error| match output_error(error) {
            Err(error) => error,
            Ok(()) => {
                is_closed = true;
                Error::other("standard output is closed")
            }
        })
    };
    let done = store.export(&mut write, &mut |error| {
        failed += 1;
        print_error(&error);
    });
    if is_closed {
        return Ok(());
    }
    done?;
    end(failed, &format!("sessions exported: {exported}"))
}

/// Adds the sessions in the lines of `file`. Those that cannot be added are reported, and make the end an error.
pub(super) fn import(home: &Home, file: &Path) -> Result<(), Error> {
    let unreadable = |error: io::Error| file_error("read", file, error);
    let input: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(file).map_err(unreadable)?),
    };
    let input = in_utf8(BufReader::new(input)).map_err(unreadable)?;
    let store = store::open(home)?;
    let (mut added, mut known, mut failed) = (0_usize, 0_usize, 0_usize);
    for (index, line) in input.split(b'\n').enumerate() {
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

/// Returns the lines in UTF-8, also if the file is in UTF-16, as PowerShell writes it.
fn in_utf8(mut input: impl BufRead + 'static) -> io::Result<Box<dyn BufRead>> {
    if !text::is_utf16(input.fill_buf()?) {
        return Ok(Box::new(input));
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let text = text::decode(bytes).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Box::new(Cursor::new(text)))
}

/// Reports what was done. It is an error if something failed.
fn end(failed: usize, done: &str) -> Result<(), Error> {
    if failed > 0 {
        return Err(Error::other(format!("{done}, failed: {failed}")));
    }
    note(done);
    Ok(())
}
