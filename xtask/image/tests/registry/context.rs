//! A directory and a command for each test.

#![expect(clippy::disallowed_methods, reason = "tests have no `cmd` to go through")]

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    programs,
    server::{IDENTITY, PASSWORD, Registry, USERNAME},
};

/// The repository of every test; each has a registry of its own.
pub(crate) const REPOSITORY: &str = "acme/clawft";

/// The variables that the command may read, which a test sets or leaves out.
const VARIABLES: [&str; 16] = [
    "CLAWFT_IMAGE",
    "CLAWFT_REGISTRY_PASSWORD",
    "CLAWFT_REGISTRY_USERNAME",
    "DOCKER_AUTH_CONFIG",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "REGISTRY_AUTH_FILE",
    "SOURCE_DATE_EPOCH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
];

/// The outcome of a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) succeeded: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A test's directory.
pub(crate) struct Context {
    directory: TempDir,
}

impl Context {
    /// Makes the directory, with good programs and no login.
    pub(crate) fn new() -> Self {
        let context = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        programs::write(&context.path("programs"));
        context
    }

    /// Returns a path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Leaves a login to `key` where `docker login` does.
    pub(crate) fn log_in(&self, key: &str) {
        self.write("docker/config.json", &logins(key).to_string());
    }

    /// Returns the command that pushes both images to `registry` under the tag `t1`.
    pub(crate) fn push(&self, registry: &Registry) -> Command {
        let image = format!("{}/{REPOSITORY}", registry.host);
        let mut command = self.command();
        command.args([
            "docker",
            "--push",
            "--builder",
            "oci",
            "--tag",
            "t1",
            "--image",
            &image,
        ]);
        for (flag, name) in [
            ("--binaries", "programs"),
            ("--layout", "oci"),
            ("--digests", "digests"),
        ] {
            command.arg(flag).arg(self.path(name));
        }
        command
    }

    /// Returns the program, with no login but those in the directory.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_image"));
        for name in VARIABLES {
            command.env_remove(name);
        }
        command
            .env("DOCKER_CONFIG", self.path("docker"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_RUNTIME_DIR", self.path("runtime"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Pushes, which has to succeed: the tag is an index of both images.
    pub(crate) fn pushes(&self, registry: &Registry) -> Outcome {
        let outcome = run(self.push(registry));
        outcome.pushed(registry);
        outcome
    }

    /// Pushes, which has to fail with all of `words` in the error and without any tag.
    pub(crate) fn fails(&self, registry: &Registry, words: &[&str]) -> Outcome {
        let outcome = run(self.push(registry));
        outcome.failed(words);
        assert_eq!(registry.tags(), 0, "a tag was set");
        outcome
    }
}

impl Outcome {
    /// Checks that both images were pushed to `registry`.
    pub(crate) fn pushed(&self, registry: &Registry) {
        assert!(self.succeeded, "{self:#?}\n{:#?}", registry.log());
        let index = registry.tagged(REPOSITORY, "t1").expect("there is no tag");
        assert_eq!(index["manifests"].as_array().map(Vec::len), Some(2), "{index}");
    }

    /// Checks that the error holds all of `words`, and nothing of JSON.
    pub(crate) fn failed(&self, words: &[&str]) {
        assert!(!self.succeeded, "{self:#?}");
        for word in words {
            assert!(
                self.stderr.contains(word),
                "`{word}` is missing in: {}",
                self.stderr
            );
        }
        for json in ["{\"", "\"errors\"", "panicked", "<html"] {
            assert!(!self.stderr.contains(json), "{}", self.stderr);
        }
    }
}

/// Returns a file of logins with one to `key`.
pub(crate) fn logins(key: &str) -> Value {
    json!({ "auths": { key: { "auth": STANDARD.encode(format!("{USERNAME}:{PASSWORD}")) } } })
}

/// Runs a command.
pub(crate) fn run(command: Command) -> Outcome {
    run_with_input(command, "")
}

/// Runs a command with `input` on its standard input. Nothing that it prints may hold a secret.
pub(crate) fn run_with_input(mut command: Command, input: &str) -> Outcome {
    let mut child = command.spawn().unwrap();
    // It need not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    for secret in [
        PASSWORD,
        IDENTITY,
        &STANDARD.encode(format!("{USERNAME}:{PASSWORD}")),
        "token-of-no-use",
    ] {
        assert!(
            !format!("{stdout}{stderr}").contains(secret),
            "a secret was printed: {stdout}{stderr}"
        );
    }
    Outcome {
        succeeded: status.success(),
        stdout,
        stderr,
    }
}
