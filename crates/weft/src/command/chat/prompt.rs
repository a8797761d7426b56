//! The prompt: a line editor with a history, and one answer after another.

mod complete;
mod execute;
mod input;
mod retry;
mod transcript;

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use clawft_store::FsFault;
use clawft_types::Input;
use rustyline::{
    Cmd, CompletionType, Config, Editor, EventHandler, KeyCode, KeyEvent, Modifiers,
    error::ReadlineError,
    history::{FileHistory, History as _},
};
use weft_agent::{Error, Fault, Home, home};

use super::{ask::Conversation, ending};
use crate::command::{
    exit::Exit,
    terminal::{self, Sanitizer, Typed, print},
};
use complete::Completions;
use input::PromptInput;

/// The maximum number of messages in the history.
const MAX_HISTORY: usize = 1000;

/// The line editor, with the history in a file of the home directory.
struct Prompt {
    editor: Editor<Completions, FileHistory>,
    /// `None` if the name is taken by something other than a file.
    history: Option<PathBuf>,
}

/// Asks for messages and answers them until the input ends.
pub(super) fn prompt(mut conversation: Conversation, home: &Home) -> Result<Exit, Error> {
    home.make()?;
    let mut prompt = Prompt::new(home, &conversation)?;
    greet(&conversation);
    let mut typed = Typed::default();
    while let Some(line) = prompt.next(&mut typed)? {
        let done = match PromptInput::parse(&line) {
            PromptInput::Empty => Ok(()),
            PromptInput::Quit => break,
            PromptInput::Message(message) => held(&conversation, &mut typed, || {
                say(&conversation, Input::parse(message)?)
            }),
            PromptInput::Retry => retry::retry(&mut conversation, |conversation, input| {
                held(conversation, &mut typed, || say(conversation, input))
            }),
            input => execute::execute(input, &mut conversation, home),
        };
        if let Err(error) = done {
            terminal::print_error(&error);
        }
        if let Some(exit) = ending::signal() {
            conversation.end();
            return Ok(exit);
        }
    }
    conversation.end();
    Ok(Exit::Success)
}

fn greet(conversation: &Conversation) {
    let model = &conversation.config.agents.model;
    let session = &conversation.session;
    terminal::hint(&format!(
        "{model}, session `{session}`; /help for help, Ctrl-D to leave"
    ));
}

/// Runs `answer`, and takes what is typed meanwhile.
fn held<T>(conversation: &Conversation, typed: &mut Typed, answer: impl FnOnce() -> T) -> T {
    conversation.screen.hold();
    let answered = answer();
    typed.add(&conversation.screen.release());
    // Whoever stops an answer wants to look at their lines again.
    if terminal::is_interrupted() {
        typed.keep_back();
    }
    answered
}

/// Answers a message. A blank line follows the answer; warnings have been printed already.
fn say(conversation: &Conversation, input: Input) -> Result<(), Error> {
    let answered = super::answer(conversation, input);
    match answered {
        // The user pressed Ctrl-C, and needs no message.
        Err(Error {
            fault: Fault::Stopped,
        }) => {}
        answered => drop(answered?),
    }
    print("\n")
}

impl Prompt {
    fn new(home: &Home, conversation: &Conversation) -> Result<Self, Error> {
        let config = Config::builder()
            .max_history_size(MAX_HISTORY)
            .map_err(unusable)?;
        let config = config
            .auto_add_history(false)
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config).map_err(unusable)?;
        editor.set_helper(Some(Completions::new(home, conversation)));
        let newline = EventHandler::Simple(Cmd::Newline);
        editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), newline);
        let history = home.directory.join("history");
        // There is none at first; an unreadable one is no reason to fail.
        let history = Some(history).filter(|path| is_usable(path));
        if let Some(history) = &history {
            let _ = editor.load_history(history);
        }
        Ok(Self { editor, history })
    }

    /// Returns the next line: one that was `typed` already, or one that begins with its rest. `None` at the end.
    fn next(&mut self, typed: &mut Typed) -> Result<Option<String>, Error> {
        if !typed.lines.is_empty() {
            let line = typed.lines.remove(0);
            print(&format!("> {}\n", Sanitizer::for_output().text(&line)))?;
            self.remember(&line);
            return Ok(Some(line));
        }
        if typed.is_over && typed.rest.is_empty() {
            return Ok(None);
        }
        self.read(&std::mem::take(&mut typed.rest))
    }

    /// Reads the next line, which begins with `typed`, or several if they were pasted; `None` at the end.
    fn read(&mut self, typed: &str) -> Result<Option<String>, Error> {
        let mut typed = typed.to_owned();
        loop {
            match self.editor.readline_with_initial("> ", (&typed, "")) {
                Ok(line) => {
                    self.remember(&line);
                    return Ok(Some(line));
                }
                // The line is abandoned, as in a shell.
                Err(ReadlineError::Interrupted) => typed.clear(),
                Err(ReadlineError::Eof) => return Ok(None),
                // The editor fails at such a byte. What came before it stays, and nothing of the rest is sent unseen.
                Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                    terminal::discard_input();
                    typed = self
                        .editor
                        .helper()
                        .map(Completions::take_line)
                        .unwrap_or_default();
                    terminal::warn(&[
                        "this is not UTF-8: it is left out, with what was typed or pasted after it",
                    ]);
                }
                Err(error) => return Err(unusable(error)),
            }
        }
    }

    /// Saves the line immediately, so that it survives if the process is killed.
    fn remember(&mut self, line: &str) {
        if self.editor.history_mut().add(line).unwrap_or(false)
            && let Some(history) = &self.history
        {
            let _ = self.editor.append_history(history);
        }
    }
}

/// Returns whether the file can be read and written without waiting forever, as for a pipe.
fn is_usable(history: &Path) -> bool {
    matches!(home::check_regular(history), Ok(()) | Err(FsFault::NotFound))
}

fn unusable(error: ReadlineError) -> Error {
    Error::other(format!("the terminal cannot be used: {error}"))
}
