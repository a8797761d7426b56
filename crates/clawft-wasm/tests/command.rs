//! The command, run natively: everything but the network, which a native build does not have.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

const CONFIG: &str =
    r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"api_key":"sk-secret"}}}}"#;

/// Starts the command with a configuration of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "this package has no door to other programs, and runs but itself"
)]
fn command(arguments: &[&str]) -> (Command, TempDir) {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("config.json"), CONFIG).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_clawft"));
    command.args(arguments).env("CLAWFT_CONFIG_DIR", directory.path());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    (command, directory)
}

fn run(arguments: &[&str], message: &[u8]) -> Output {
    let (command, _directory) = command(arguments);
    finish(command, message)
}

#[expect(clippy::disallowed_methods, reason = "as above")]
fn finish(mut command: Command, message: &[u8]) -> Output {
    let mut child = command.spawn().expect("the command starts");
    // A command that answers nothing reads nothing.
    let _ = child.stdin.take().expect("a pipe").write_all(message);
    child.wait_with_output().expect("the command ends")
}

fn says(arguments: &[&str]) -> String {
    let output = run(arguments, b"");
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

fn fails(arguments: &[&str], message: &[u8]) -> String {
    let output = run(arguments, message);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("sk-secret"), "{said}");
    said
}

#[test]
fn version_and_help_are_printed() {
    assert_eq!(
        says(&["--version"]),
        format!("clawft {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(says(&["--help"]).contains("--session ID"));
    assert!(says(&["--capabilities"]).starts_with("{\"version\":"));
}

#[test]
fn refuses_arguments_that_are_unknown() {
    assert_eq!(
        fails(&["--sesion"], b""),
        "error: unknown option `--sesion`, see `--help`\n"
    );
    assert_eq!(
        fails(&["Hello!"], b""),
        "error: unexpected argument `Hello!`: the message is read from standard input, see `--help`\n"
    );
    assert!(fails(&["--session", "../x"], b"").starts_with("error: `../x` is not a session id"));
    assert!(fails(&["--session"], b"").starts_with("error: `` is not a session id"));
    assert_eq!(
        fails(&[], b"\xff"),
        "error: the message on standard input is not UTF-8\n"
    );
    assert!(fails(&[], b" \n").starts_with("error: the message is empty"));
}

#[test]
fn missing_key_names_the_option_of_the_host() {
    let (command, directory) = command(&[]);
    let config = CONFIG.replace(r#""api_key":"sk-secret""#, r#""api_key_env":"UNSET_KEY""#);
    fs::write(directory.path().join("config.json"), config).unwrap();
    let output = finish(command, b"Hello!");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("`UNSET_KEY` is not set or empty") && said.contains("`wasmtime run --env UNSET_KEY`"),
        "{said}"
    );
}

#[test]
fn error_without_network_is_one_line() {
    let said = fails(&["--session", "one"], b"Hello!");
    assert!(said.starts_with("error: HTTP unavailable: "), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk_is_reported() {
    let (mut command, _directory) = command(&["--help"]);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stderr, b"error: standard output cannot be written\n");
}

#[test]
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "as above")]
fn closed_output_is_no_error() {
    let (mut command, _directory) = command(&["--help"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = command.stdout(writer).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
}
