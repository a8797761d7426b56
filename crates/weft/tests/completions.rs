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
        "EXIT CODES",
        "ENVIRONMENT",
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
