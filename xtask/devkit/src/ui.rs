//! Output of the tool: results on stdout, everything else on stderr, colour only on a terminal.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

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

/// Runs `work`, and shows the reason for the wait in a line on the terminal. Without a terminal the line is
/// printed once.
pub fn progress<T>(verb: &str, what: &str, work: impl FnOnce() -> T) -> T {
    if !io::stderr().is_terminal() {
        status(verb, what);
        return work();
    }
    let style = ProgressStyle::with_template("{prefix} {msg} {elapsed} {spinner}").expect("a valid template");
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.set_prefix(paint(&format!("{verb:>12}"), "36;1"));
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    let value = work();
    bar.finish_and_clear();
    value
}

/// Returns `text` in this ANSI style if stderr is a terminal with colours.
fn paint(text: &str, style: &str) -> String {
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || !io::stderr().is_terminal();
    if plain {
        text.to_owned()
    } else {
        format!("\x1b[{style}m{text}\x1b[0m")
    }
}
