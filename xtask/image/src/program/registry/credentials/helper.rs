//! Credential helpers: programs `docker-credential-NAME` that read the name of a registry from standard input.

use std::{
    env,
    io::Write as _,
    process::{Output, Stdio},
};

use anyhow::Result;
use devkit::cmd;
use serde::Deserialize;
use xshell::{Cmd, Shell, cmd};

use super::Login;

/// The part of a helper's error message that means that it has no login.
const UNKNOWN: &str = "credentials not found";

/// The user name that marks an identity token.
const TOKEN: &str = "<token>";

/// The output of a helper.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Returns the login for `registry` from the helper `name`; `None` if it has none.
///
/// # Errors
/// Fails if the helper is missing or fails, or its output cannot be parsed. The output may hold a secret and is
/// never shown.
pub(super) fn ask(name: &str, registry: &str) -> std::result::Result<Option<Login>, String> {
    let program = format!("docker-credential-{name}");
    let keeps = format!("`{program}`, which keeps the login to `{registry}`,");
    if !is_installed(&program) {
        return Err(format!("{keeps} is not installed"));
    }
    let shell = Shell::new().map_err(|error| error.to_string())?;
    let output = output(cmd!(shell, "{program} get").secret(), registry)
        .map_err(|_| format!("{keeps} could not be started"))?;
    if output.status.success() {
        return login(&output.stdout)
            .map(Some)
            .ok_or_else(|| format!("{keeps} gave an answer of another form"));
    }
    let said = [output.stdout, output.stderr].concat();
    match String::from_utf8_lossy(&said).contains(UNKNOWN) {
        true => Ok(None),
        false => Err(format!("{keeps} ended with an error")),
    }
}

/// Runs a helper with `input` as standard input, which it may ignore.
fn output(get: Cmd<'_>, input: &str) -> Result<Output> {
    let streams = [Stdio::piped(), Stdio::piped(), Stdio::piped()];
    let mut child = cmd::spawn(get, streams, "ask for a login")?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input.as_bytes());
    }
    Ok(child.wait_with_output()?)
}

fn login(answer: &[u8]) -> Option<Login> {
    let Answer { username, secret } = serde_json::from_slice(answer).ok()?;
    Some(match username.as_str() {
        TOKEN => Login::IdentityToken(secret),
        _ => Login::Password {
            username,
            password: secret,
        },
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
    use super::*;

    #[test]
    fn tells_tokens_from_passwords() {
        let answer =
            |username: &str| format!(r#"{{"ServerURL":"r.io","Username":"{username}","Secret":"s"}}"#);
        assert_eq!(
            login(answer("<token>").as_bytes()),
            Some(Login::IdentityToken("s".to_owned()))
        );
        let password = Login::Password {
            username: "u".to_owned(),
            password: "s".to_owned(),
        };
        assert_eq!(login(answer("u").as_bytes()), Some(password));
        assert_eq!(login(b"{}"), None);
    }
}
