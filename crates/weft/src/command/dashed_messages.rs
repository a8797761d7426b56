//! Messages that begin with a dash, as in `weft chat "- one or two?"`. They are marked, so that the parser does not
//! take them for options.

use std::ffi::OsString;

use clap::{Args as _, Command, CommandFactory as _};

use super::args::{Chat, MARK, Weft};

/// Returns the arguments of the process with a mark before each that can only be a part of a message.
pub(super) fn mark(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let Some(first) = after_chat(&arguments) else {
        return arguments;
    };
    let options = Options::of_chat();
    let mut is_value = false;
    for argument in arguments.iter_mut().skip(first) {
        let Some(text) = argument.to_str() else {
            is_value = false;
            continue;
        };
        match text {
            _ if is_value => is_value = false,
            "--" => break,
            text if options.is_message(text) => *argument = format!("{MARK}{text}").into(),
            text => is_value = options.awaits_value(text),
        }
    }
    arguments
}

/// Returns the position behind the name of the command, if it is `chat`.
fn after_chat(arguments: &[OsString]) -> Option<usize> {
    let names = Weft::command();
    let chat = names.find_subcommand("chat")?;
    let mut position = 1;
    loop {
        let argument = arguments.get(position)?.to_str()?;
        position += 1;
        match argument {
            "--config" => position += 1,
            _ if argument.starts_with('-') => {}
            name if name == chat.get_name() || chat.get_all_aliases().any(|alias| alias == name) => {
                return Some(position);
            }
            _ => return None,
        }
    }
}

/// The options of `chat`, each with whether it takes a value.
struct Options {
    short: Vec<(char, bool)>,
    long: Vec<(String, bool)>,
}

impl Options {
    fn of_chat() -> Options {
        let command = Chat::augment_args(Command::new("chat"));
        let takes_value = |option: &clap::Arg| option.get_action().takes_values();
        Options {
            short: command
                .get_arguments()
                .filter_map(|option| Some((option.get_short()?, takes_value(option))))
                .collect(),
            long: command
                .get_arguments()
                .filter_map(|option| Some((option.get_long()?.to_owned(), takes_value(option))))
                .chain([("config".to_owned(), true)])
                .collect(),
        }
    }

    /// Returns whether an argument with a dash is no option, not even a misspelt one.
    fn is_message(&self, argument: &str) -> bool {
        if let Some(long) = argument.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or_default();
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            return !is_name;
        }
        let Some(first) = argument.strip_prefix('-').and_then(|rest| rest.chars().next()) else {
            return false;
        };
        let has_value = self.short.iter().any(|(name, value)| *name == first && *value);
        !first.is_ascii_alphabetic() || (argument.contains(char::is_whitespace) && !has_value)
    }

    /// Returns whether the next argument is the value of this option.
    fn awaits_value(&self, argument: &str) -> bool {
        match argument.strip_prefix("--") {
            Some(name) => self.long.iter().any(|(known, value)| known == name && *value),
            None => {
                let short = argument.strip_prefix('-').unwrap_or_default();
                // The last one of several, as in `-cs ID`.
                short
                    .chars()
                    .find_map(|c| {
                        let (_, value) = self.short.iter().find(|(name, _)| *name == c)?;
                        value.then(|| short.ends_with(c))
                    })
                    .unwrap_or(false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{super::args::Command as Parsed, *};

    fn chat(arguments: &[&str]) -> Result<Chat, String> {
        let arguments = ["weft", "chat"].iter().chain(arguments).map(OsString::from);
        let weft = Weft::try_parse_from(mark(arguments)).map_err(|error| error.to_string())?;
        match weft.command {
            Parsed::Chat(chat) => Ok(chat),
            _ => Err("another command".to_owned()),
        }
    }

    #[test]
    fn messages_may_begin_with_dashes() {
        for (arguments, message) in [
            (&["- one"][..], &["- one"][..]),
            (&["-"], &["-"]),
            (&["-5", "plus", "3"], &["-5", "plus", "3"]),
            (&["what", "is", "-5?"], &["what", "is", "-5?"]),
            (&["--- a/file\n+++ b/file"], &["--- a/file\n+++ b/file"]),
            (&["---"], &["---"]),
            (&["-x is what?"], &["-x is what?"]),
            (&["-c is what?"], &["-c is what?"]),
            (&["--json is what?"], &["--json is what?"]),
            (&["-→"], &["-→"]),
            (&["--", "--json"], &["--json"]),
            (&["a", "--", "-c", "- b"], &["a", "-c", "- b"]),
        ] {
            assert_eq!(chat(arguments).unwrap().message, message, "{arguments:?}");
        }
    }

    #[test]
    fn options_stay_options_among_words() {
        let options = chat(&[
            "-c",
            "hi",
            "--json",
            "-fmy file.txt",
            "-f",
            "- file",
            "--system",
            "- x",
        ])
        .unwrap();
        assert!(options.resume && options.json);
        assert_eq!(options.message, ["hi"]);
        assert_eq!(options.files.len(), 2);
        assert_eq!(options.system.as_deref(), Some("- x"));
        for misspelt in ["--jsn", "-x", "--no-such=a b"] {
            assert!(chat(&[misspelt]).unwrap_err().contains("unexpected argument"));
        }
        let error = chat(&["--temperature", "-1", "hi"]).unwrap_err();
        assert!(error.contains("from 0 to 2"), "{error}");
    }

    #[test]
    fn other_commands_are_left_alone() {
        let given = ["weft", "sessions", "show", "- chat", "- x"].map(OsString::from);
        assert_eq!(mark(given.clone().into_iter()), given);
        let given = ["weft", "--config", "chat", "agent", "- x"].map(OsString::from);
        assert_eq!(mark(given.into_iter()).last().unwrap(), "\0- x");
    }
}
