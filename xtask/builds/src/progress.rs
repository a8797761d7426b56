//! Lines on the terminal about work that takes a while.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use devkit::ui::{paint, status};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Runs `work`, and shows the reason for the wait in a line on the terminal. Without a terminal the line is
/// printed once.
pub fn show<T>(verb: &str, what: &str, work: impl FnOnce() -> T) -> T {
    Lines::default().show(verb, what, work)
}

/// A line on the terminal for each of several pieces of work that go on at once.
#[derive(Clone, Debug, Default)]
pub struct Lines(MultiProgress);

impl Lines {
    /// Runs `work`, and shows a line meanwhile, see [`show`].
    pub fn show<T>(&self, verb: &str, what: &str, work: impl FnOnce() -> T) -> T {
        if !io::stderr().is_terminal() {
            status(verb, what);
            return work();
        }
        let style =
            ProgressStyle::with_template("{prefix} {msg} {elapsed} {spinner}").expect("a valid template");
        let bar = self.0.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(paint(&format!("{verb:>12}"), "36;1"));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        let value = work();
        bar.finish_and_clear();
        self.0.remove(&bar);
        value
    }

    /// Runs `print`, which writes lines of its own, while the lines of work are away.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}
