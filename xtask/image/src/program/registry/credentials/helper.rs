//! Credential helpers: programs `docker-credential-NAME` that read the name of a registry from standard input.

use std::{
    env,
    io::{Read, Write as _},
    process::{ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use anyhow::Result;
use devkit::child::Guarded;
use serde_json::{Deserializer, Map, Value};
use xshell::{Cmd, Shell, cmd};

use super::Login;

/// The part of a helper's error message that means that it has no login.
const UNKNOWN: &str = "credentials not found";

/// The user name that marks an identity token.
const TOKEN: &str = "<token>";

/// The time that a helper has: it may ask the user to unlock a keychain.
const LIMIT: Duration = Duration::from_secs(60);

/// The time that the output of a helper has after its end, if another process holds the pipes open.
const AFTER_END: Duration = Duration::from_secs(1);

/// The longest output that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The end of a helper.
struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Returns the login for `registry` from the helper `name`; `None` if it has none.
///
/// # Errors
/// Fails if the helper is missing, fails or does not end, or its output cannot be parsed. The output may hold a secret
/// and is never shown.
pub(super) fn ask(name: &str, registry: &str) -> std::result::Result<Option<Login>, String> {
    let program = format!("docker-credential-{name}");
    let keeps = format!("`{program}`, which keeps the login to `{registry}`,");
    if !is_installed(&program) {
        return Err(format!("{keeps} is not installed"));
    }
    let shell = Shell::new().map_err(|error| error.to_string())?;
    let output = output(cmd!(shell, "{program} get").secret(), registry, LIMIT)
        .map_err(|_| format!("{keeps} could not be started"))?
        .ok_or_else(|| format!("{keeps} did not answer within {} s", LIMIT.as_secs()))?;
    if output.status.success() {
        return login(&output.stdout).ok_or_else(|| format!("{keeps} gave an answer of another form"));
    }
    let said = [output.stdout, output.stderr].concat();
    match String::from_utf8_lossy(&said).contains(UNKNOWN) {
        true => Ok(None),
        false => Err(format!("{keeps} ended with an error")),
    }
}

/// Runs a helper with `input` as standard input, which it may ignore. Returns `None` if it runs longer than `limit`;
/// it is killed then.
fn output(get: Cmd<'_>, input: &str, limit: Duration) -> Result<Option<Output>> {
    let streams = [Stdio::piped(), Stdio::piped(), Stdio::piped()];
    let mut process = Guarded::spawn(get, streams, "ask for a login")?;
    let child = process.child();
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input.as_bytes());
    }
    let (stdout, stderr) = (child.stdout.take().map(chunks), child.stderr.take().map(chunks));
    let Some(status) = process.ended_within(limit)? else {
        return Ok(None);
    };
    Ok(Some(Output {
        status,
        stdout: stdout.map(all).unwrap_or_default(),
        stderr: stderr.map(all).unwrap_or_default(),
    }))
}

/// Reads a pipe in a thread of its own.
fn chunks(pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = pipe.take(LONGEST);
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            let chunk = buffer.get(..length).unwrap_or_default().to_vec();
            if sender.send(chunk).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Returns what a process that has ended wrote to a pipe.
fn all(chunks: Receiver<Vec<u8>>) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(chunk) = chunks.recv_timeout(AFTER_END) {
        all.extend(chunk);
    }
    all
}

/// Reads the login in the output of a helper: a JSON object, with messages before and after it. The login is `None` if
/// it is empty.
fn login(output: &[u8]) -> Option<Option<Login>> {
    let text = String::from_utf8_lossy(output);
    let mut rest = text.as_ref();
    let answer: Map<String, Value> = loop {
        if rest.trim_start().starts_with('{') {
            let first = Deserializer::from_str(rest).into_iter().next();
            if let Some(Ok(answer)) = first {
                break answer;
            }
        }
        rest = rest.split_once('\n')?.1;
    };
    let field = |name: &str| {
        let found = answer.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
    };
    let (username, secret) = (field("username")?, field("secret")?);
    Some(match username.as_str() {
        "" if secret.is_empty() => None,
        TOKEN => Some(Login::IdentityToken(secret)),
        _ => Some(Login::Password {
            username,
            password: secret,
        }),
    })
}

/// Returns whether there is such a program on the `PATH`.
fn is_installed(program: &str) -> bool {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(&file).is_file())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn tells_tokens_from_passwords() {
        let answer =
            |username: &str| format!(r#"{{"ServerURL":"r.io","Username":"{username}","Secret":"s"}}"#);
        let token = Some(Some(Login::IdentityToken("s".to_owned())));
        assert_eq!(login(answer("<token>").as_bytes()), token);
        let password = Login::Password {
            username: "u".to_owned(),
            password: "s".to_owned(),
        };
        assert_eq!(login(answer("u").as_bytes()), Some(Some(password)));
        assert_eq!(login(b"{}"), None);
    }

    #[test]
    fn finds_the_login_between_messages() {
        let password = Login::Password {
            username: "u".to_owned(),
            password: "s".to_owned(),
        };
        for output in [
            r#"{"Username":"u","Secret":"s"}"#,
            "{\n  \"username\": \"u\",\n  \"secret\": \"s\"\n}\n",
            "WARNING: {new} version\n{new}\n  {\"Username\":\"u\",\"Secret\":\"s\"} done\nbye {\n",
        ] {
            assert_eq!(login(output.as_bytes()), Some(Some(password.clone())), "{output}");
        }
        assert_eq!(login(br#"{"Username":"","Secret":""}"#), Some(None));
        for output in ["", "\n\n", "{", "no {\"Username\":\"u\",\"Secret\":\"s\"}", "[1]"] {
            assert_eq!(login(output.as_bytes()), None, "{output}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn waits_for_the_helper_alone() {
        let shell = Shell::new().unwrap();
        let start = Instant::now();
        let patient = Duration::from_secs(60);
        let run = |script: &str, limit| output(cmd!(shell, "sh -c {script}"), "r.io", limit).unwrap();
        assert!(run("sleep 600", Duration::from_millis(100)).is_none());
        // A process in the background holds the pipes.
        let output = run("sleep 600 & echo $!; kill -0 $!", patient).unwrap();
        assert!(output.status.success());
        let id = String::from_utf8(output.stdout).unwrap();
        let id = id.trim();
        devkit::cmd::run(cmd!(shell, "kill {id}"), "end the process").unwrap();
        assert!(start.elapsed() < Duration::from_secs(300));
    }
}
