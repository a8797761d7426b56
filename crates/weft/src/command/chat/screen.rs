//! The terminal during a chat, which answers, calls of tools, questions and the spinner share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weft_agent::Error;

use crate::command::terminal::{self, Draft, Hold, Markdown, Sanitizer, Spinner, print};

/// The terminal during a chat. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Screen(Arc<Mutex<State>>);

struct State {
    spinner: Option<Spinner>,
    /// The label of the spinner that turns while an answer is awaited.
    label: String,
    /// Renders the answer, if it is shown with colours.
    markdown: Option<Markdown>,
    /// The part of it that is not complete, as it is shown by now.
    draft: Draft,
    sanitizer: Sanitizer,
    /// The first failure to print the answer, after which nothing more of it is printed.
    printed: Result<(), Error>,
    /// Whether the last line of the answer or of the reasoning is not complete.
    in_text: bool,
    in_reasoning: bool,
    /// Whether other lines were printed since the last text of the answer.
    was_interrupted: bool,
    /// Holds what is typed during an answer, in a prompt.
    hold: Option<Hold>,
    /// Whether a hold is in effect but for questions.
    holds: bool,
    typed: Vec<u8>,
}

impl Default for State {
    fn default() -> State {
        State {
            spinner: None,
            label: String::new(),
            markdown: None,
            draft: Draft::default(),
            sanitizer: Sanitizer::for_output(),
            printed: Ok(()),
            in_text: false,
            in_reasoning: false,
            was_interrupted: false,
            hold: None,
            holds: false,
            typed: Vec::new(),
        }
    }
}

impl Screen {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renders the answers from now on, or shows them as they are.
    pub(super) fn render(&self, renders: bool) {
        self.state().markdown = renders.then(|| Markdown::new(terminal::size().0));
    }

    /// Begins to hold what is typed.
    pub(super) fn hold(&self) {
        let mut state = self.state();
        state.hold = Hold::begin();
        state.holds = true;
    }

    /// Begins to hide what is typed, for an answer without a prompt after it.
    pub(super) fn hide(&self) {
        if terminal::is_interactive() {
            self.state().hold = Hold::hide();
        }
    }

    /// Ends the hold, and returns what the terminal has sent.
    pub(super) fn release(&self) -> Vec<u8> {
        let mut state = self.state();
        state.end_hold();
        state.holds = false;
        std::mem::take(&mut state.typed)
    }

    /// Begins to wait for an answer.
    pub(super) fn wait(&self, label: &str) {
        let mut state = self.state();
        label.clone_into(&mut state.label);
        // The terminal may have another size by now.
        if state.markdown.is_some() {
            state.markdown = Some(Markdown::new(terminal::size().0));
        }
        state.spin();
    }

    /// Goes on after the program was suspended: other programs have used the terminal.
    pub(super) fn resume(&self) {
        terminal::hold_again();
        self.state().draft.leave();
    }

    /// Ends the wait. The cursor is at the beginning of a line, or behind the text of the answer.
    pub(super) fn rest(&self) {
        self.state().spinner = None;
    }

    /// Prints the next part of the answer.
    pub(super) fn text(&self, text: &str) {
        let mut state = self.state();
        state.end_reasoning();
        // The lines in between have ended the paragraph already.
        let text = match std::mem::take(&mut state.was_interrupted) && !state.in_text {
            true => text.trim_start_matches('\n'),
            false => text,
        };
        let Some(markdown) = &mut state.markdown else {
            let shown = state.sanitizer.text(text).into_owned();
            return state.print(&shown);
        };
        let size = terminal::size();
        markdown.fit(size.0);
        let complete = markdown.push(text);
        let preview = markdown.preview();
        if !complete.is_empty() || state.draft.is_due() {
            let draft = state.draft.erase(size) + &complete;
            let draft = draft + &state.draft.write(&preview, size);
            state.print(&draft);
        }
    }

    /// Prints a part of the model's reasoning.
    pub(super) fn reasoning(&self, text: &str) {
        if !text.is_empty() {
            let mut state = self.state();
            if !state.in_reasoning {
                state.begin_line();
            }
            state.spinner = None;
            terminal::print_reasoning(text);
            state.in_reasoning = !text.ends_with('\n');
        }
    }

    /// Ends the answer's last line.
    ///
    /// # Errors
    /// If the answer could not be printed.
    pub(super) fn end(&self) -> Result<(), Error> {
        let mut state = self.state();
        state.end_reasoning();
        state.flush();
        if state.markdown.is_none() {
            state.print("\n");
        }
        state.in_text = false;
        std::mem::replace(&mut state.printed, Ok(()))
    }

    /// Runs `show`, which prints whole lines on standard error, between the parts of the answer.
    pub(super) fn between(&self, show: impl FnOnce()) {
        let mut state = self.state();
        state.begin_line();
        state.was_interrupted = true;
        show();
    }

    /// Begins to wait again, for what `label` names.
    pub(super) fn wait_for(&self, label: &str) {
        let mut state = self.state();
        state.spinner = Some(Spinner::start(label));
    }

    /// Begins to wait for the answer again.
    pub(super) fn wait_again(&self) {
        self.state().spin();
    }

    /// Runs `ask`, which asks the user for something. What was typed before does not answer it.
    pub(super) fn question<T>(&self, ask: impl FnOnce() -> T) -> T {
        let mut state = self.state();
        state.begin_line();
        let was_held = state.hold.is_some();
        state.end_hold();
        if !state.holds {
            terminal::discard_input();
        }
        let answer = ask();
        if was_held {
            state.hold = match state.holds {
                true => Hold::begin(),
                false => Hold::hide(),
            };
        }
        answer
    }
}

impl State {
    fn spin(&mut self) {
        self.spinner = Some(Spinner::start(&self.label));
    }

    fn end_hold(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.typed.append(&mut hold.end());
        }
    }

    /// Prints text of the answer.
    fn print(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.spinner = None;
        if self.printed.is_ok() {
            self.printed = print(text);
        }
        self.in_text = !text.ends_with('\n');
    }

    /// Prints what is known of the answer.
    fn flush(&mut self) {
        self.spinner = None;
        if let Some(rest) = self.markdown.as_mut().map(Markdown::end) {
            let rest = self.draft.erase(terminal::size()) + &rest;
            self.print(&rest);
        }
    }

    /// Prints what is known of the answer, and moves the cursor to the beginning of a line.
    fn begin_line(&mut self) {
        self.end_reasoning();
        self.flush();
        if self.in_text && terminal::is_interactive() {
            self.print("\n");
        }
    }

    fn end_reasoning(&mut self) {
        if std::mem::take(&mut self.in_reasoning) {
            terminal::print_reasoning("\n");
        }
    }
}
