//! The files for packages: the man page and the completions name every command and option.

#[expect(
    clippy::disallowed_methods,
    reason = "the tests run only the program of this package"
)]
fn printed(arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_weft"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn man_page_has_every_command() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH weft 1"), "{page}");
    for text in [
        "WEFT CHAT",
        "WEFT SESSIONS LIST",
        "WEFT CONFIG SHOW",
        "no\\-stream",
        ".SH \"EXIT STATUS\"",
        ".SH ENVIRONMENT",
        ".SH FILES",
        ".SH EXAMPLES",
        "config.json",
        "SSL_CERT_FILE",
    ] {
        assert!(page.contains(text), "`{text}` is missing in {page}");
    }
}

#[test]
fn every_shell_has_complete_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for text in ["weft", "sessions", "no-stream", "listen"] {
            assert!(script.contains(text), "`{text}` is missing for {shell}");
        }
    }
}

/// Completes a command line in bash, as the tab key does.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the script is for bash")]
fn completed(home: &std::path::Path, words: &[&str]) -> Vec<String> {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_weft")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(program.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let script = r#"source <(weft completions bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _weft_names weft "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; printf '%s\n' "${COMPREPLY[@]}""#;
    let output = std::process::Command::new("bash")
        .args(["--norc", "-c", script, "bash", "weft"])
        .args(words)
        .env("PATH", path.unwrap())
        .env("CLAWFT_HOME", home)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(unix)]
#[test]
fn bash_completes_sessions_and_models() {
    let home = tempfile::TempDir::new().unwrap();
    let sessions = home.path().join("sessions");
    std::fs::create_dir(&sessions).unwrap();
    for id in ["one", "other"] {
        let session = format!(r#"{{"version":1,"id":"{id}","messages":[]}}"#);
        std::fs::write(sessions.join(format!("{id}.json")), session).unwrap();
    }
    let config = r#"{"agents":{"model":"m"},"providers":{"providers":{"local":
        {"api_base":"http://127.0.0.1:1/v1","auth":"none"}}}}"#;
    std::fs::write(home.path().join("config.json"), config).unwrap();
    for (words, names) in [
        (&["chat", "--session", ""][..], &["one", "other"][..]),
        (&["chat", "-s", "on"], &["one"]),
        (&["chat", "--session", "=", "ot"], &["other"]),
        (&["sessions", "show", ""], &["one", "other"]),
        (&["sessions", "rm", "one", "o"], &["one", "other"]),
        (&["chat", "--model", ""], &["local/m", "m"]),
        (&["agent", "-m", "local/"], &["local/m"]),
        (&["chat", "--no-s"], &["--no-stream"]),
        (&["sess"], &["sessions"]),
    ] {
        assert_eq!(completed(home.path(), words), names, "{words:?}");
    }
}
