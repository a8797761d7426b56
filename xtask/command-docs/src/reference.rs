//! The reference of a program's commands as Markdown, from clap's tree.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, Command};

/// The document, by its path in the checkout.
const DOCUMENT: &str = "docs/cli.md";

/// Returns the path of the reference in the project at `root`.
pub(crate) fn path(root: &Path) -> PathBuf {
    root.join(DOCUMENT)
}

/// Compares the section of the program `command` in the reference of the project at `root` with clap's tree. With
/// `BLESS` in the environment, writes the section instead.
///
/// # Errors
/// If the document cannot be read or written, or has another section; the text names the command that writes it.
pub(crate) fn check(command: &Command, root: &Path) -> io::Result<Result<(), String>> {
    let mut command = command.clone();
    command.build();
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let path = path(root);
    let text = fs::read_to_string(&path)?;
    let Some((before, section, after)) = split(&text, &name) else {
        return Ok(Err(format!(
            "{DOCUMENT} has no section between the comments of `{name}`"
        )));
    };
    let expected = document(&command, &name);
    if section == expected {
        return Ok(Ok(()));
    }
    if env::var_os("BLESS").is_some() {
        return fs::write(&path, [before, &expected, after].concat()).map(Ok);
    }
    Ok(Err(format!(
        "{DOCUMENT} differs from the command line of `{name}`: run this test with BLESS=1, and review the difference"
    )))
}

/// Splits `text` into the section of the program `name` and what stands before and after it.
fn split<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str, &'t str)> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let start = text.find(&begin)? + begin.len();
    let length = text.get(start..)?.find(&end)?;
    Some((
        text.get(..start)?,
        text.get(start..start + length)?,
        text.get(start + length..)?,
    ))
}

/// Returns the section of the program `name`.
fn document(command: &Command, name: &str) -> String {
    let mut parts = Vec::new();
    add(command, name, &mut parts);
    parts.iter().map(|part| format!("\n{part}\n")).collect::<String>() + "\n"
}

/// Adds the paragraphs about `command`, and those of all commands in it.
fn add(command: &Command, path: &str, parts: &mut Vec<String>) {
    let heading = match path.matches(' ').count() {
        0 => "##",
        _ => "###",
    };
    parts.push(format!("{heading} `{path}`"));
    let about = command.get_long_about().or_else(|| command.get_about());
    parts.extend(about.map(|about| wrapped(&about.to_string())));
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    parts.push(format!("```text\n{usage}\n```"));
    let shown = |argument: &&Arg| !argument.is_hide_set() && !is_obvious(argument);
    let arguments: Vec<&Arg> = command.get_arguments().filter(shown).collect();
    if !arguments.is_empty() {
        let rows: String = arguments.into_iter().map(row).collect();
        parts.push(format!("| argument | meaning |\n|---|---|\n{}", rows.trim_end()));
    }
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    parts.extend(after.map(|after| format!("```text\n{}\n```", after.to_string().trim())));
    for next in command
        .get_subcommands()
        .filter(|next| !next.is_hide_set() && next.get_name() != "help")
    {
        add(next, &format!("{path} {}", next.get_name()), parts);
    }
}

/// Returns whether every command has the argument.
fn is_obvious(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}

/// Returns the row of an argument.
fn row(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    let value = match argument.get_action() {
        ArgAction::Set | ArgAction::Append => names.iter().map(|name| format!(" {name}")).collect(),
        _ => String::new(),
    };
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let spelled: Vec<String> = short.into_iter().chain(long).collect();
    let spelled = match spelled.is_empty() {
        true => value.trim().to_owned(),
        false => format!("{}{value}", spelled.join(", ")),
    };
    let help = argument.get_long_help().or_else(|| argument.get_help());
    let mut meaning = help.map(ToString::to_string).unwrap_or_default();
    let values = argument.get_possible_values();
    let visible: Vec<&str> = values
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name())
        .collect();
    if argument.get_action().takes_values() && !visible.is_empty() && !argument.is_hide_possible_values_set()
    {
        meaning.push_str(&format!(". One of `{}`", visible.join("`, `")));
    }
    if let Some(variable) = argument.get_env() {
        meaning.push_str(&format!(". Also in `{}`", variable.to_string_lossy()));
    }
    let defaults: Vec<_> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if argument.get_action().takes_values() && !defaults.is_empty() {
        meaning.push_str(&format!(". Default: `{}`", defaults.join(" ")));
    }
    format!("| `{}` | {} |\n", in_cell(&spelled), in_cell(&meaning))
}

/// Returns `text` in one line, without the sign that ends a cell.
fn in_cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
        .replace('<', "&lt;")
}

/// Returns `text` with lines of at most 120 characters. Paragraphs stay apart.
fn wrapped(text: &str) -> String {
    let paragraphs: Vec<String> = text.split("\n\n").map(paragraph).collect();
    paragraphs.join("\n\n")
}

fn paragraph(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.replace('<', "&lt;").split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > 120 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let color = Arg::new("color")
            .long("color")
            .short('c')
            .value_name("WHEN")
            .value_parser(["never", "always"])
            .default_value("never")
            .help("Colours, a|b");
        let brew = Command::new("brew").about("Brew").arg(color);
        let mut pot = Command::new("pot").about("A pot").subcommand(brew);
        pot.build();
        pot
    }

    #[test]
    fn describes_commands_and_arguments() {
        let text = document(&command(), "pot");
        for part in [
            "\n## `pot`\n\nA pot\n\n```text\npot [COMMAND]\n```\n",
            "\n### `pot brew`\n\nBrew\n",
            "| `-c, --color WHEN` | Colours, a\\|b. One of `never`, `always`. Default: `never` |\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }

    #[test]
    fn names_program_whose_section_differs() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("docs")).unwrap();
        let write = |section: &str| {
            let text = format!("# Title\n\n<!-- pot -->\n{section}<!-- end of pot -->\n");
            fs::write(path(root.path()), text).unwrap();
        };
        write(&document(&command(), "pot"));
        assert_eq!(check(&command(), root.path()).unwrap(), Ok(()));
        write("");
        if env::var_os("BLESS").is_none() {
            let error = check(&command(), root.path()).unwrap().unwrap_err();
            assert!(error.contains("of `pot`"), "{error}");
        }
    }
}
