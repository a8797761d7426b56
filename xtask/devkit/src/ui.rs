//! How the tool talks: results on stdout, everything else on stderr, colour only on a terminal.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

/// Prints `error` the way cargo does, its causes below it. A broken pipe is quiet: the reader has seen enough.
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
            causes.iter().for_each(|cause| eprintln!("  {}", cause.replace('\n', "\n  ")));
        }
    }
    ExitCode::FAILURE
}

/// One line of talk, led by a verb as cargo's lines are: `    Finished clawft.wasm`.
pub fn status(verb: &str, what: &str) {
    eprintln!("{} {what}", paint(&format!("{verb:>12}"), "32;1"));
}

/// Like [`status`], for what did not go well.
pub fn failure(verb: &str, what: &str) {
    eprintln!("{} {what}", paint(&format!("{verb:>12}"), "31;1"));
}

/// Something that the user must not miss, though it is no error.
pub fn warn(what: &str) {
    eprintln!("{} {what}", paint("warning:", "33;1"));
}

/// Several lines of talk, as they are.
pub fn talk(text: &str) {
    eprintln!("{text}");
}

/// Writes a result to stdout.
pub fn result(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    Ok(stdout.flush()?)
}

/// Runs `work` with a line on the terminal that says what takes so long. Without a terminal the line is printed once.
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

/// `text` in the given ANSI style where stderr is a terminal that wants colour.
fn paint(text: &str, style: &str) -> String {
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || !io::stderr().is_terminal();
    if plain { text.to_owned() } else { format!("\x1b[{style}m{text}\x1b[0m") }
}
