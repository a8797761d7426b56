//! `weft completions`: scripts for shells, which ask the hidden `weft complete` for the names of models and sessions.

use clap::CommandFactory as _;
use clap_complete::Shell;
use weft_agent::{ConfigFile, Error, Home};

use super::{
    args::{Complete, Completions, Name, Weft},
    exit::Exit,
    suggest,
    terminal::print,
};

/// Completes names in bash, and leaves everything else to the function above it.
const BASH: &str = r#"
_weft_names() {
    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" kind=""
    if [[ "$before" == "=" ]]; then before="${COMP_WORDS[COMP_CWORD-2]}"; fi
    if [[ "$current" == "=" ]]; then before="${COMP_WORDS[COMP_CWORD-1]}"; current=""; fi
    case "$before" in
        --model|-m) kind=models ;;
        --session|-s) kind=sessions ;;
        *)
            case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
                "sessions show"|"sessions rm")
                    if [[ "$COMP_CWORD" -gt 2 && "$current" != -* && "$before" != --config ]]; then kind=sessions; fi ;;
            esac ;;
    esac
    if [[ -z "$kind" ]]; then _weft "$@"; return; fi
    COMPREPLY=($(compgen -W "$(weft complete "$kind" 2>/dev/null)" -- "$current"))
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _weft_names -o nosort -o bashdefault -o default weft
else
    complete -F _weft_names -o bashdefault -o default weft
fi
"#;

/// Completes names in fish, beside everything else.
const FISH: &str = r#"
complete -c weft -n "__fish_weft_using_subcommand chat agent" -s s -l session -x -a "(weft complete sessions 2>/dev/null)"
complete -c weft -n "__fish_weft_using_subcommand chat agent init" -s m -l model -x -a "(weft complete models 2>/dev/null)"
complete -c weft -n "__fish_weft_using_subcommand sessions; and __fish_seen_subcommand_from show rm" -f -a "(weft complete sessions 2>/dev/null)"
"#;

impl Completions {
    pub(crate) fn run(self) -> Result<Exit, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Weft::command(), "weft", &mut script);
        let script = String::from_utf8_lossy(&script);
        print(&with_names(self.shell, &script)).map(|()| Exit::Success)
    }
}

impl Complete {
    /// Prints names, one a line. Errors are no names.
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        let names = match self.name {
            Name::Sessions => suggest::sessions(home),
            Name::Models => ConfigFile::read(home).map_or(Vec::new(), |file| suggest::models(home, &file)),
        };
        let lines: String = names.iter().map(|name| [name, "\n"].concat()).collect();
        print(&lines).map(|()| Exit::Success)
    }
}

/// Returns the script with the completion of names, for the shells that have it.
fn with_names(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => [script, BASH].concat(),
        Shell::Fish => [script, FISH].concat(),
        Shell::Zsh => script.lines().map(|line| zsh_line(line) + "\n").collect(),
        _ => script.to_owned(),
    }
}

/// Returns a line of the script for zsh, in which an option or an argument ends with its completion.
fn zsh_line(line: &str) -> String {
    let begins = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    let kind = match () {
        () if begins(&["'--model=", "'-m+["]) => "models",
        () if begins(&["'--session=", "'-s+[", "':id -- ", "'*::ids -- "]) => "sessions",
        () => return line.to_owned(),
    };
    line.replacen(
        ":_default'",
        &format!(":($(weft complete {kind} 2>/dev/null))'"),
        1,
    )
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::command::args::Hidden;

    #[test]
    fn scripts_offer_no_commands_of_programs() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Weft::command(), "weft", &mut script);
            let script = String::from_utf8(script).unwrap();
            for hidden in Hidden::command().get_subcommands() {
                let about = hidden.get_about().unwrap().to_string();
                assert!(!script.contains(&about), "{shell}: {about}");
                let call = format!("weft__subcmd__{}", hidden.get_name());
                assert!(!script.contains(&call), "{shell}: {call}");
            }
        }
    }

    #[test]
    fn each_script_asks_for_names_it_has() {
        for (shell, sessions, models) in [(Shell::Bash, 1, 1), (Shell::Fish, 2, 1), (Shell::Zsh, 6, 5)] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Weft::command(), "weft", &mut script);
            let script = with_names(shell, &String::from_utf8_lossy(&script));
            if shell == Shell::Bash {
                assert!(script.contains("weft complete \"$kind\""));
                continue;
            }
            let count = |kind: &str| script.matches(&format!("weft complete {kind}")).count();
            assert!(
                count("sessions") >= sessions && count("models") >= models,
                "{shell}: {script}"
            );
        }
    }
}
