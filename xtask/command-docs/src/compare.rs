//! Comparison of one command with clap's tree.

use std::collections::BTreeSet;

use clap::{Arg, Command};

/// The commands and options that were found.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The spelling on the command line: `pot brew`, `pot brew --hot`.
    met: BTreeSet<String>,
    /// Options that were shown without a command.
    alone: BTreeSet<String>,
}

impl Seen {
    /// Records options that were shown without a command.
    pub(crate) fn alone(&mut self, options: Vec<String>) {
        self.alone.extend(options);
    }

    fn option(&self, path: &str, option: &Arg) -> bool {
        self.alone.contains(&spelled(option)) || self.met.contains(&format!("{path} {}", spelled(option)))
    }
}

/// Follows `words` down `root`. Fails at the first unknown word.
pub(crate) fn walk(root: &Command, words: &[String], seen: &mut Seen) -> Result<(), String> {
    let mut command = root;
    let mut path = root.get_bin_name().unwrap_or(root.get_name()).to_owned();
    let mut words = words
        .iter()
        .map(|word| word.trim_end_matches([',', '.', ':']))
        .peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if word.starts_with('-') && word != "-" {
            let (option, value) = word
                .split_once('=')
                .map_or((word, None), |(name, value)| (name, Some(value)));
            let known = find(command, option).ok_or_else(|| format!("`{path}` has no option `{option}`"))?;
            seen.met.insert(format!("{path} {}", spelled(known)));
            if value.is_none() && known.get_action().takes_values() {
                words.next_if(|word| !word.starts_with("--"));
            }
        } else if let Some(next) = command.find_subcommand(word) {
            (command, path) = (next, format!("{path} {}", next.get_name()));
            seen.met.insert(path.clone());
        } else {
            argument(command, &path, word)?;
            // The next words belong to an unknown command, or to another program.
            if command.has_subcommands() || command.get_positionals().any(Arg::is_trailing_var_arg_set) {
                break;
            }
        }
    }
    Ok(())
}

/// Returns an error unless `command` takes `word` as an argument.
fn argument(command: &Command, path: &str, word: &str) -> Result<(), String> {
    let mut arguments = command.get_positionals().peekable();
    if is_placeholder(word) {
        return Ok(());
    }
    if arguments.peek().is_none() {
        return Err(format!("`{path} {word}`: there is no such command"));
    }
    let takes = arguments.any(|argument| {
        let values = argument.get_possible_values();
        values.is_empty() || values.iter().any(|value| value.matches(word, false))
    });
    if takes {
        Ok(())
    } else {
        Err(format!("`{path}` takes no `{word}`"))
    }
}

/// Returns whether `word` is a placeholder: in upper case or in brackets.
fn is_placeholder(word: &str) -> bool {
    !word.chars().any(|c| c.is_ascii_lowercase()) || word.starts_with(['[', '<', '{'])
}

fn find<'c>(command: &'c Command, option: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|argument| {
        let long = argument.get_long_and_visible_aliases().unwrap_or_default();
        let short = argument.get_short_and_visible_aliases().unwrap_or_default();
        long.iter().any(|name| option.strip_prefix("--") == Some(*name))
            || short.iter().any(|name| {
                option
                    .strip_prefix('-')
                    .is_some_and(|rest| rest.starts_with(*name))
            })
    })
}

/// Returns the option as on the command line.
fn spelled(argument: &Arg) -> String {
    match (argument.get_long(), argument.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => argument.get_id().to_string(),
    }
}

/// Returns all visible commands and options that were not found, as on the command line.
pub(crate) fn unseen(command: &Command, path: &str, seen: &Seen) -> Vec<String> {
    let options = command
        .get_arguments()
        .filter(|argument| is_option(argument) && !seen.option(path, argument));
    let mut missing: Vec<String> = options
        .map(|option| format!("{path} {}", spelled(option)))
        .collect();
    for next in command
        .get_subcommands()
        .filter(|next| !next.is_hide_set() && next.get_name() != "help")
    {
        let path = format!("{path} {}", next.get_name());
        missing.extend(Some(path.clone()).filter(|path| !seen.met.contains(path)));
        missing.extend(unseen(next, &path, seen));
    }
    missing.sort();
    missing
}

/// Returns whether the option has to be shown: not `--help` and `--version`.
fn is_option(argument: &Arg) -> bool {
    let obvious = matches!(argument.get_id().as_str(), "help" | "version");
    !(obvious || argument.is_positional() || argument.is_hide_set())
}
