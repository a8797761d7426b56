//! A line on the terminal about work that takes a while.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use devkit::ui::{paint, status};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs `work`, and shows the reason for the wait in a line on the terminal. Without a terminal the line is
/// printed once.
pub fn show<T>(verb: &str, what: &str, work: impl FnOnce() -> T) -> T {
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
