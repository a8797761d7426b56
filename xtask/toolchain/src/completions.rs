//! `cargo xtask completions`: a script for a shell, made from the definition of the command line.

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::aot;
use devkit::ui;
use flags::{Cli, Completions, Shell};

/// The command that the script completes: shells complete the arguments of one word.
const NAME: &str = "xtask";

/// Prints the script.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn run(flags: &Completions) -> Result<()> {
    ui::result(&script(flags.shell))
}

/// Returns a script that defines the function `xtask`, short for `cargo xtask`, and completes its arguments.
fn script(shell: Shell) -> String {
    let generator = match shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
        Shell::PowerShell => aot::Shell::PowerShell,
    };
    let mut completions = Vec::new();
    aot::generate(generator, &mut Cli::command().name(NAME), NAME, &mut completions);
    format!("{}\n{}", String::from_utf8_lossy(&completions), function(shell))
}

/// Returns the definition of the function.
fn function(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash | Shell::Zsh => r#"xtask() { cargo xtask "$@"; }"#,
        Shell::Fish => "function xtask; cargo xtask $argv; end",
        Shell::PowerShell => "function xtask { cargo xtask @args }",
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn each_script_names_every_command_and_option() {
        let cli = Cli::command();
        for shell in Shell::value_variants() {
            let script = script(*shell);
            for command in cli.get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell:?}: {command}");
                for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                    // fish has them as `-l json`.
                    assert!(script.contains(option), "{shell:?}: {command} --{option}");
                }
            }
            assert!(script.ends_with(function(*shell)), "{shell:?}");
        }
    }

    #[test]
    fn scripts_complete_one_word() {
        assert!(script(Shell::Bash).contains(" xtask\n"));
        assert!(script(Shell::Zsh).starts_with("#compdef xtask\n"));
        assert!(script(Shell::Fish).contains("complete -c xtask "));
        assert!(script(Shell::PowerShell).contains("-CommandName 'xtask'"));
    }
}
