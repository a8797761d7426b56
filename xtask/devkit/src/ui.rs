//! Output of the tool: results on stdout, everything else on stderr, colour only on a terminal.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

/// Prints `error` and its causes in cargo's form. Prints nothing for a broken pipe, because the reader has
/// closed it.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let broken_pipe = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
    if !broken_pipe {
        eprintln!("{} {error}", paint("error:", "31;1"));
        let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
        if !causes.is_empty() {
            eprintln!("\nCaused by:");
            causes
                .iter()
                .for_each(|cause| eprintln!("  {}", cause.replace('\n', "\n  ")));
        }
    }
    ExitCode::FAILURE
}

/// Prints one status line that begins with a verb, as cargo's lines do: `    Finished clawft.wasm`.
pub fn status(verb: &str, what: &str) {
    eprintln!("{} {what}", paint(&format!("{verb:>12}"), "32;1"));
}

/// Prints a status line about a failure.
pub fn failure(verb: &str, what: &str) {
    eprintln!("{} {what}", paint(&format!("{verb:>12}"), "31;1"));
}

/// Prints a warning.
pub fn warn(what: &str) {
    eprintln!("{} {what}", paint("warning:", "33;1"));
}

/// Prints a warning that people have to see who only look at the result of a workflow: on GitHub, the page of the run
/// shows it too.
pub fn warn_widely(what: &str) {
    warn(what);
    if env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        eprintln!("{}", annotation(what));
    }
}

/// Returns the command of a workflow that shows a warning. A line break has to be encoded.
fn annotation(what: &str) -> String {
    let encoded = what
        .trim()
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    format!("::warning::{encoded}")
}

/// Prints several lines unchanged.
pub fn talk(text: &str) {
    eprintln!("{text}");
}

/// Writes a result to stdout.
pub fn result(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    Ok(stdout.flush()?)
}

/// Returns `text` in this ANSI style if stderr is a terminal with colours.
pub fn paint(text: &str, style: &str) -> String {
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || !io::stderr().is_terminal();
    if plain {
        text.to_owned()
    } else {
        format!("\x1b[{style}m{text}\x1b[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotation_is_one_line() {
        assert_eq!(annotation("\n100 %\nof it\n"), "::warning::100 %25%0Aof it");
    }
}
