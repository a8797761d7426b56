//! Logins to registries: from the command line, the environment, or the files and credential helpers of Docker,
//! podman and skopeo. Secrets are never part of errors or output.

mod file;
mod helper;

use std::{
    env, fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};

use self::file::File;

/// The variables that hold a login in CI.
pub(crate) const VARIABLES: [&str; 2] = ["CLAWFT_REGISTRY_USERNAME", "CLAWFT_REGISTRY_PASSWORD"];

/// A login.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// No login.
    Anonymous,
    /// A user with a password or access token.
    Password {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
    /// A token that is exchanged for tokens of the registry, as Azure issues it.
    IdentityToken(String),
    /// A token for the registry itself.
    RegistryToken(String),
}

/// The result of a search for a login.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) login: Login,
    /// The reason why a login could not be read.
    pub(super) problem: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password { .. } => "Password(…)",
            Self::IdentityToken(_) => "IdentityToken(…)",
            Self::RegistryToken(_) => "RegistryToken(…)",
        })
    }
}

/// Returns the login for `repository` in `registry`: `chosen`, else that of the environment, else the first one in a
/// file.
pub(super) fn find(registry: &str, repository: &str, chosen: Option<&Login>) -> Result<Found> {
    let [username, password] = VARIABLES.map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    let login = chosen
        .cloned()
        .map_or_else(|| from_environment(username, password), |login| Ok(Some(login)))?;
    if let Some(login) = login {
        return Ok(Found { login, problem: None });
    }
    let mut problem = None;
    for path in files(&|name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    }) {
        let Some(file) = read(&path)? else { continue };
        match file.find(registry, repository) {
            Ok(Some(login)) => return Ok(Found { login, problem: None }),
            Ok(None) => {}
            Err(file::Error::Helper(error)) => problem = Some(error),
            Err(file::Error::Entry(error)) => bail!("{error} in `{}`", path.display()),
        }
    }
    Ok(Found {
        login: Login::Anonymous,
        problem,
    })
}

fn from_environment(username: Option<String>, password: Option<String>) -> Result<Option<Login>> {
    let [name, secret] = VARIABLES;
    match (username, password) {
        (Some(username), Some(password)) => Ok(Some(Login::Password { username, password })),
        (None, None) => Ok(None),
        (Some(_), None) => bail!("`{name}` is set and `{secret}` is not: a login is both"),
        (None, Some(_)) => bail!("`{secret}` is set and `{name}` is not: a login is both"),
    }
}

/// Returns the paths of files with logins, in order: only the one in `REGISTRY_AUTH_FILE`, or those of Docker, podman
/// and skopeo.
fn files(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    if let Some(named) = variable("REGISTRY_AUTH_FILE") {
        return vec![named];
    }
    let home = variable("HOME").or_else(env::home_dir);
    let below_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let docker = variable("DOCKER_CONFIG").or_else(|| below_home(".docker"));
    let configuration = variable("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
    let containers = [variable("XDG_RUNTIME_DIR"), configuration].into_iter().flatten();
    let docker = docker.map(|directory| directory.join("config.json"));
    docker
        .into_iter()
        .chain(containers.map(|directory| directory.join("containers/auth.json")))
        .collect()
}

/// Reads a file of logins; `None` if it does not exist or is empty.
fn read(path: &Path) -> Result<Option<File>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("could not read `{}`", path.display())),
    };
    // The message of the parser may contain a secret.
    let at = |error: serde_json::Error| {
        anyhow!(
            "could not understand the logins in `{}`: the mistake is in line {}, column {}",
            path.display(),
            error.line(),
            error.column()
        )
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    serde_json::from_slice(&text).map(Some).map_err(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        files(&|name| {
            variables
                .iter()
                .find(|(found, _)| *found == name)
                .map(|(_, value)| value.into())
        })
    }

    #[test]
    fn looks_where_docker_and_podman_keep_logins() {
        assert_eq!(
            paths(&[("HOME", "/home/me"), ("XDG_RUNTIME_DIR", "/run/user/1")]),
            [
                "/home/me/.docker/config.json",
                "/run/user/1/containers/auth.json",
                "/home/me/.config/containers/auth.json"
            ]
            .map(PathBuf::from)
        );
        assert_eq!(
            paths(&[
                ("HOME", "/home/me"),
                ("DOCKER_CONFIG", "/d"),
                ("XDG_CONFIG_HOME", "/c")
            ]),
            ["/d/config.json", "/c/containers/auth.json"].map(PathBuf::from)
        );
        assert_eq!(
            paths(&[("REGISTRY_AUTH_FILE", "/a.json"), ("HOME", "/h")]),
            [PathBuf::from("/a.json")]
        );
    }

    #[test]
    fn login_in_the_environment_is_two_variables() {
        let some = |text: &str| Some(text.to_owned());
        let login = from_environment(some("u"), some("p")).unwrap();
        assert_eq!(
            login,
            Some(Login::Password {
                username: "u".to_owned(),
                password: "p".to_owned()
            })
        );
        assert_eq!(from_environment(None, None).unwrap(), None);
        let error = from_environment(None, some("hunter2")).unwrap_err().to_string();
        assert!(
            error.contains("`CLAWFT_REGISTRY_USERNAME` is not") && !error.contains("hunter2"),
            "{error}"
        );
        assert!(from_environment(some("u"), None).is_err());
    }

    #[test]
    fn damaged_file_is_named_without_its_secrets() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        assert!(read(&path).unwrap().is_none());
        std::fs::write(&path, "\n").unwrap();
        assert!(read(&path).unwrap().is_none());
        std::fs::write(&path, r#"{ "auths": { "ghcr.io": "hunter2" } }"#).unwrap();
        let error = read(&path).err().unwrap().to_string();
        assert!(error.contains("line 1") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn no_secret_is_shown() {
        let login = Login::Password {
            username: "u".to_owned(),
            password: "hunter2".to_owned(),
        };
        for login in [
            login,
            Login::IdentityToken("hunter2".to_owned()),
            Login::RegistryToken("hunter2".to_owned()),
        ] {
            assert!(!format!("{login:?}").contains("hunter2"));
        }
    }
}
