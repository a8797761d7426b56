//! The input of a prompt: messages, and commands that begin with a slash.

/// The commands with their arguments and effects, in the order of the help.
pub(super) const COMMANDS: [(&str, &str, &str); 9] = [
    ("new", "", "begin a new conversation"),
    ("session", "ID", "continue or begin another session"),
    (
        "model",
        "NAME",
        "ask another model; without a name, print the current one",
    ),
    ("system", "TEXT", "use another system prompt; - for none"),
    (
        "retry",
        "",
        "ask the last message again, in a new session; the old answer stays",
    ),
    ("save", "FILE", "write the conversation to a file in Markdown"),
    ("tools", "", "list the tools that the model can use"),
    ("help", "", "this"),
    ("quit", "", "leave, as Ctrl-D does"),
];

const KEYS: &str = "
Alt-Enter begins a new line, pasted text may have several; Tab completes
commands, models and sessions. Ctrl-C gives up a line, or ends an answer and
keeps what has arrived. What is typed during an answer is kept for the prompt
after it. A message that begins with a slash is sent if a space is put in front.";

/// Returns the text of `/help`.
pub(super) fn help() -> String {
    let mut text = String::new();
    for (name, argument, effect) in COMMANDS {
        let command = format!("/{name} {argument}");
        text.push_str(&format!("{command:13} {effect}\n"));
    }
    text + KEYS
}

/// A parsed line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PromptInput<'a> {
    /// White space only.
    Empty,
    /// A message for the model.
    Message(&'a str),
    /// `/quit`, `/exit`
    Quit,
    /// `/help`
    Help,
    /// `/new`
    New,
    /// `/model NAME`; without a name it prints the current one.
    Model(Option<&'a str>),
    /// `/system TEXT`; without a text it prints the current one.
    System(Option<&'a str>),
    /// `/session ID`; without an id it prints the current one.
    Session(Option<&'a str>),
    /// `/retry`
    Retry,
    /// `/save FILE`; without a file it is named after the session.
    Save(Option<&'a str>),
    /// `/tools`
    Tools,
    /// A command without arguments, and a text behind it.
    Superfluous(&'a str),
    /// A slash and an unknown word.
    Unknown(&'a str),
}

impl<'a> PromptInput<'a> {
    pub(super) fn parse(line: &'a str) -> Self {
        if line.trim().is_empty() {
            return PromptInput::Empty;
        }
        let Some(input) = line.strip_prefix('/') else {
            return PromptInput::Message(line);
        };
        let (word, rest) = input.split_once(char::is_whitespace).unwrap_or((input, ""));
        let rest = Some(rest.trim()).filter(|rest| !rest.is_empty());
        match word {
            // Nothing that was typed is left out silently.
            "quit" | "exit" | "help" | "new" | "retry" | "tools" if rest.is_some() => {
                PromptInput::Superfluous(word)
            }
            "quit" | "exit" => PromptInput::Quit,
            "help" => PromptInput::Help,
            "new" => PromptInput::New,
            "model" => PromptInput::Model(rest),
            "system" => PromptInput::System(rest),
            "session" => PromptInput::Session(rest),
            "retry" => PromptInput::Retry,
            "save" => PromptInput::Save(rest),
            "tools" => PromptInput::Tools,
            // For example a path.
            _ if word.contains(|c: char| !c.is_ascii_alphabetic()) => PromptInput::Message(line),
            _ => PromptInput::Unknown(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_messages_and_commands() {
        for (line, input) in [
            ("", PromptInput::Empty),
            (" \t\n", PromptInput::Empty),
            ("Hello!\nYou there", PromptInput::Message("Hello!\nYou there")),
            (" /help me", PromptInput::Message(" /help me")),
            (
                "/etc/passwd is what?",
                PromptInput::Message("/etc/passwd is what?"),
            ),
            ("/", PromptInput::Unknown("")),
            ("/quit", PromptInput::Quit),
            ("/exit ", PromptInput::Quit),
            ("/help", PromptInput::Help),
            ("/new", PromptInput::New),
            ("/retry ", PromptInput::Retry),
            ("/new what is rust?", PromptInput::Superfluous("new")),
            ("/quit now", PromptInput::Superfluous("quit")),
            ("/tools", PromptInput::Tools),
            ("/model", PromptInput::Model(None)),
            ("/model  gpt-4o ", PromptInput::Model(Some("gpt-4o"))),
            ("/system Be brief.", PromptInput::System(Some("Be brief."))),
            ("/save a b.md", PromptInput::Save(Some("a b.md"))),
            ("/session a-b", PromptInput::Session(Some("a-b"))),
            ("/sesion a", PromptInput::Unknown("sesion")),
        ] {
            assert_eq!(PromptInput::parse(line), input, "{line}");
        }
    }

    #[test]
    fn help_fits_a_terminal() {
        assert!(
            help().lines().all(|line| line.chars().count() <= 80),
            "{}",
            help()
        );
    }

    #[test]
    fn every_command_of_the_help_exists() {
        for (name, argument, _) in COMMANDS {
            let line = format!("/{name}");
            assert!(
                !matches!(PromptInput::parse(&line), PromptInput::Unknown(_)),
                "{line}"
            );
            assert!(help().contains(format!("{line} {argument}").trim()), "{line}");
        }
    }
}
