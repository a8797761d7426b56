//! Logins to registries: from the command line, the environment, or the files and credential helpers of Docker,
//! podman and skopeo. Secrets are never part of errors or output.

mod file;
mod helper;

use std::{
    env,
    ffi::OsString,
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};

use self::file::File;

/// The variables that hold a login in CI.
pub(crate) const VARIABLES: [&str; 2] = ["CLAWFT_REGISTRY_USERNAME", "CLAWFT_REGISTRY_PASSWORD"];

/// The variable that holds the content of a file with logins, in CI.
const CONTENT: &str = "DOCKER_AUTH_CONFIG";

/// The variable that names the only file with logins.
const NAMED: &str = "REGISTRY_AUTH_FILE";

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
    let path = |name: &str| variable(name).map(PathBuf::from);
    let mut problem = path(NAMED)
        .filter(|path| !path.exists())
        .map(|path| format!("`{}`, which `{NAMED}` names, does not exist", path.display()));
    for (file, place) in all(&files(&path))? {
        match file.find(registry, repository) {
            Ok(Some(login)) => return Ok(Found { login, problem: None }),
            Ok(None) => {}
            Err(file::Error::Helper(error)) => problem = Some(error),
            Err(file::Error::Entry(error)) => bail!("{error} in {place}"),
        }
    }
    Ok(Found {
        login: Login::Anonymous,
        problem,
    })
}

/// Returns the value of a variable that is set and not empty.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Reads the content of the variable and the files at `paths`, each with its name for messages.
fn all(paths: &[PathBuf]) -> Result<Vec<(File, String)>> {
    let mut all = Vec::new();
    if let Some(text) = variable(CONTENT) {
        let place = format!("`{CONTENT}`");
        all.extend(parse(text.as_encoded_bytes(), &place)?.map(|file| (file, place)));
    }
    for path in paths {
        let place = format!("`{}`", path.display());
        all.extend(read(path)?.map(|file| (file, place)));
    }
    Ok(all)
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
    if let Some(named) = variable(NAMED) {
        return vec![named];
    }
    let home = variable("HOME").or_else(env::home_dir);
    let below_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let docker = variable("DOCKER_CONFIG").or_else(|| below_home(".docker"));
    let runtime = variable("XDG_RUNTIME_DIR").map(|directory| directory.join("containers"));
    let configuration = variable("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
    let containers = [
        runtime.or_else(own_runtime),
        configuration.map(|directory| directory.join("containers")),
    ];
    let docker = docker.map(|directory| directory.join("config.json"));
    let containers = containers.into_iter().flatten();
    docker
        .into_iter()
        .chain(containers.map(|directory| directory.join("auth.json")))
        .collect()
}

/// Returns podman's directory for a user without `XDG_RUNTIME_DIR`, if there is one.
#[cfg(unix)]
fn own_runtime() -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt as _;
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    let directory = PathBuf::from(format!("/run/containers/{user}"));
    directory.is_dir().then_some(directory)
}

/// Returns podman's directory for a user without `XDG_RUNTIME_DIR`.
#[cfg(not(unix))]
fn own_runtime() -> Option<PathBuf> {
    None
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
    parse(&text, &format!("`{}`", path.display()))
}

/// Parses the content of a file of logins; `None` if it is empty.
fn parse(text: &[u8], place: &str) -> Result<Option<File>> {
    // Editors on Windows begin a file with this mark.
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    // The message of the parser may contain a secret.
    serde_json::from_slice(text).map(Some).map_err(|error| {
        anyhow!(
            "could not understand the logins in {place}: the mistake is in line {}, column {}",
            error.line(),
            error.column()
        )
    })
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
                ("XDG_RUNTIME_DIR", "/r"),
                ("XDG_CONFIG_HOME", "/c")
            ]),
            [
                "/d/config.json",
                "/r/containers/auth.json",
                "/c/containers/auth.json"
            ]
            .map(PathBuf::from)
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
        std::fs::write(&path, "\u{feff}{}").unwrap();
        assert!(read(&path).unwrap().is_some());
        std::fs::write(&path, r#"{ "auths": ["hunter2"] }"#).unwrap();
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
