//! The home directory of weft, and the configuration file.

pub mod environment;
mod syntax;

use std::{
    env,
    fs::{self, File, Metadata},
    io::Read as _,
    path::{Path, PathBuf},
};

use clawft_store::{FileSystem, FsError, FsFault, Sessions};
use clawft_types::{
    Config, ConfigError, config,
    json::{self, JsonError, Node, Value},
};

use crate::{
    error::{Error, Fault},
    text,
};

/// The environment variable that names the home directory.
pub const HOME_VARIABLE: &str = "CLAWFT_HOME";

/// The home directory of weft.
#[derive(Debug, Clone)]
pub struct Home {
    /// The directory of the sessions and other files.
    pub directory: PathBuf,
    /// The configuration file: `config.json` in the directory, or another one that the user has chosen.
    pub config: PathBuf,
}

impl Home {
    /// Returns the directory that [`HOME_VARIABLE`] names, else `.clawft` in the user's home directory.
    /// `config` replaces the file in it.
    ///
    /// # Errors
    /// If the user has no home directory, or the path is not UTF-8.
    pub fn find(config: Option<PathBuf>) -> Result<Home, Error> {
        let directory = match env::var_os(HOME_VARIABLE).filter(|path| !path.is_empty()) {
            Some(directory) => expanded(PathBuf::from(directory))?,
            None => user_home()?.join(".clawft"),
        };
        let config = config.unwrap_or_else(|| directory.join("config.json"));
        Ok(Home { directory, config })
    }

    /// Makes the directory if it does not exist, readable by the user only.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn make(&self) -> Result<(), Error> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.directory).map_err(|error| {
            let fault = match FsFault::from(error) {
                // Directories may exist.
                FsFault::Exists => FsFault::NotDirectory,
                fault => fault,
            };
            file_error("create", &self.directory, fault)
        })
    }

    /// Writes the configuration file in one step, readable by the user only.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_config(&self, content: &[u8]) -> Result<(), Error> {
        self.make()?;
        let path = self.config.to_str().map(Path::new);
        let parts = path.and_then(|path| Some((path.parent()?.to_str()?, path.file_name()?.to_str()?)));
        let Some((directory, name)) = parts else {
            let path = self.config.display();
            return Err(Error::other(format!(
                "`{path}` cannot be the configuration: its path is not UTF-8"
            )));
        };
        let directory = if directory.is_empty() { "." } else { directory };
        Ok(FileSystem::with_base_path(directory).write(name, content)?)
    }

    /// Returns the sessions in the directory.
    ///
    /// # Errors
    /// If the directory's path is not UTF-8.
    pub fn sessions(&self) -> Result<Sessions, Error> {
        let directory = self.directory.to_str().ok_or_else(|| {
            let path = self.directory.display();
            Error::other(format!("the path of the home directory is not UTF-8: `{path}`"))
        })?;
        Ok(Sessions::new(FileSystem::with_base_path(directory)))
    }
}

/// Returns the user's home directory.
fn user_home() -> Result<PathBuf, Error> {
    env::home_dir()
        .filter(|home| !home.as_os_str().is_empty())
        .ok_or_else(|| Error::other(format!("you have no home directory: set `{HOME_VARIABLE}`")))
}

/// Returns a path whose `~` no shell has replaced, as in the variables of a service, with the user's home directory.
fn expanded(path: PathBuf) -> Result<PathBuf, Error> {
    match path.strip_prefix("~") {
        Ok(rest) => Ok(user_home()?.join(rest)),
        Err(_) => Ok(path),
    }
}

/// The place of a configuration that the environment holds, in messages.
const ENVIRONMENT: &str = "the environment";

/// The content of the configuration file.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    path: String,
    bytes: Vec<u8>,
}

impl ConfigFile {
    /// Reads the file. Its content is parsed later. If it does not exist and the user has chosen no other one, the
    /// environment is the configuration, provided that it has the key or the address of a provider.
    ///
    /// # Errors
    /// [`Fault::NoConfig`] if there is none; another one if it cannot be read.
    pub fn read(home: &Home) -> Result<ConfigFile, Error> {
        Self::read_with(home, &environment::variable)
    }

    /// Does the same with another environment.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_with(home: &Home, env: &dyn Fn(&str) -> Option<String>) -> Result<ConfigFile, Error> {
        let named = home.config != home.directory.join("config.json");
        match Self::read_file(home, named) {
            Err(Error {
                fault: Fault::NoConfig {
                    error, named: false, ..
                },
            }) => match environment::config(env) {
                Some(bytes) => Ok(ConfigFile {
                    path: ENVIRONMENT.to_owned(),
                    bytes,
                }),
                None => Err(Fault::NoConfig {
                    error,
                    named,
                    lacking: environment::incomplete(env),
                }
                .into()),
            },
            read => read,
        }
    }

    /// Returns a configuration that is not stored yet.
    pub fn of_text(home: &Home, text: String) -> ConfigFile {
        ConfigFile {
            path: home.config.display().to_string(),
            bytes: text.into_bytes(),
        }
    }

    fn read_file(home: &Home, named: bool) -> Result<ConfigFile, Error> {
        let path = home.config.display().to_string();
        match read_file(&home.config) {
            Ok(bytes) => Ok(ConfigFile {
                path,
                bytes: in_utf8(bytes),
            }),
            Err(fault) => {
                let error = FsError {
                    operation: "read",
                    path,
                    fault,
                };
                // A link that leads nowhere is there, and no reason to take another configuration.
                let is_link = fs::symlink_metadata(&home.config).is_ok();
                Err(if error.is_not_found() && !is_link {
                    Fault::NoConfig {
                        error,
                        named,
                        lacking: None,
                    }
                } else {
                    Fault::File(error)
                }
                .into())
            }
        }
    }

    /// Returns the path of the file for messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the agent's part of the configuration.
    ///
    /// # Errors
    /// If it is not JSON, or a field is missing or wrong; the error names the place.
    pub fn agent(&self) -> Result<Config, Error> {
        let read = Config::parse(&self.path, &self.bytes);
        read.map_err(|error| self.error(error.cause))
    }

    /// Returns the agent's part of the configuration with another model. `PROVIDER/MODEL` is a model of another
    /// configured provider.
    ///
    /// # Errors
    /// As [`Self::agent`].
    pub fn agent_with(&self, model: &str) -> Result<Config, Error> {
        let mut config = self.agent()?;
        let providers = self.part(|root| Ok(Config::providers(root)))?;
        let named = model.split_once('/').and_then(|(name, model)| {
            let (_, provider) = providers.into_iter().find(|(known, _)| known == name)?;
            Some((provider, model))
        });
        let Some((provider, model)) = named else {
            model.clone_into(&mut config.agents.model);
            return Ok(config);
        };
        config.provider = provider.map_err(|cause| self.error(cause))?;
        model.clone_into(&mut config.agents.model);
        Ok(config)
    }

    /// Reads another part: `read` gets the root of the file, and finds its object there:
    /// `root.get("gateway")`.
    ///
    /// # Errors
    /// If it is not JSON, or if `read` fails; both with the file's path.
    pub fn part<T>(&self, read: impl FnOnce(Node<'_>) -> Result<T, JsonError>) -> Result<T, Error> {
        let part = self.tree().and_then(|tree| read(Node::root(&tree)));
        part.map_err(|cause| self.error(cause))
    }

    /// Returns warnings about unknown fields, also if the configuration is not valid otherwise.
    pub fn misspelt(&self) -> Vec<String> {
        let found = self.part(|root| Ok(config::misspelt(root, None)));
        found.unwrap_or_default()
    }

    /// Returns an error in the file, with its path.
    fn error(&self, cause: JsonError) -> Error {
        ConfigError {
            path: self.path.clone(),
            cause: syntax::explained(&self.bytes, cause),
        }
        .into()
    }

    fn tree(&self) -> Result<Value, JsonError> {
        json::parse(&self.bytes)
    }
}

/// Returns a text in UTF-8 if it is in UTF-16, and any other one unchanged.
fn in_utf8(bytes: Vec<u8>) -> Vec<u8> {
    match text::is_utf16(&bytes) {
        true => text::decode(bytes.clone()).map_or(bytes, String::into_bytes),
        false => bytes,
    }
}

/// Fails if `path` is not a regular file. Opening a pipe may take forever, and a device may have no end.
///
/// # Errors
/// [`FsFault::NotFound`] if the path does not exist.
pub fn check_regular(path: &Path) -> Result<(), FsFault> {
    regular(&fs::metadata(path)?)
}

fn regular(found: &Metadata) -> Result<(), FsFault> {
    match () {
        () if found.is_file() => Ok(()),
        () if found.is_dir() => Err(FsFault::IsDirectory),
        () => Err(FsFault::NotFile),
    }
}

/// Reads a complete file. Its type is checked before it is opened, and again afterwards.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, FsFault> {
    check_regular(path)?;
    let mut file = File::open(path)?;
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns an error about a file outside of the store, with the store's wording.
pub fn file_error(operation: &'static str, path: &Path, error: impl Into<FsFault>) -> Error {
    FsError {
        operation,
        path: path.display().to_string(),
        fault: error.into(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn home() -> (TempDir, Home) {
        let dir = TempDir::new().unwrap();
        let directory = dir.path().join("above/home");
        (
            dir,
            Home {
                config: directory.join("config.json"),
                directory,
            },
        )
    }

    #[test]
    fn configuration_may_be_in_utf16() {
        let (_dir, home) = home();
        home.make().unwrap();
        let config = r#"{"agents":{"model":"grün"},"providers":{"providers":{"ollama":{}}}}"#;
        for (mark, unit) in [
            ([0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]),
            ([0xfe, 0xff], u16::to_be_bytes),
        ] {
            let mut bytes = mark.to_vec();
            bytes.extend(config.encode_utf16().flat_map(unit));
            fs::write(&home.config, bytes).unwrap();
            let file = ConfigFile::read(&home).unwrap();
            assert_eq!(file.agent().unwrap().agents.model, "grün");
        }
        fs::write(&home.config, b"\xff\xfea").unwrap();
        let said = ConfigFile::read(&home).unwrap().agent().unwrap_err().to_string();
        assert!(said.ends_with("not JSON, the text is not UTF-8"), "{said}");
    }

    #[test]
    fn tilde_is_the_home_directory_of_the_user() {
        let home = user_home().unwrap();
        for (path, expected) in [
            ("~", home.clone()),
            ("~/", home.clone()),
            ("~/a/b", home.join("a/b")),
            ("~a/b", "~a/b".into()),
            ("a/~/b", "a/~/b".into()),
            ("/a", "/a".into()),
        ] {
            assert_eq!(expanded(path.into()).unwrap(), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn makes_directory_for_its_user_only() {
        use std::os::unix::fs::PermissionsExt as _;

        let (_dir, home) = home();
        for _ in 0..2 {
            home.make().unwrap();
        }
        for directory in [home.directory.as_path(), home.directory.parent().unwrap()] {
            assert_eq!(
                fs::metadata(directory).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
    }

    #[test]
    fn file_in_place_of_the_directory_is_named() {
        let (_dir, home) = home();
        fs::create_dir_all(home.directory.parent().unwrap()).unwrap();
        fs::write(&home.directory, "").unwrap();
        let said = home.make().unwrap_err().to_string();
        assert!(
            said.ends_with("home`: a file is in the way of the directory"),
            "{said}"
        );
    }

    #[test]
    fn model_may_name_another_provider() {
        let (_dir, home) = home();
        home.make().unwrap();
        let config = r#"{"agents":{"model":"m","provider":"openai"},
            "providers":{"providers":{"openai":{},"local":{"api_base":"http://127.0.0.1:1/v1"}}}}"#;
        fs::write(&home.config, config).unwrap();
        let file = ConfigFile::read(&home).unwrap();
        for (name, provider, model) in [
            ("x", "openai", "x"),
            ("local/x", "local", "x"),
            ("local/x/y", "local", "x/y"),
            ("meta/x", "openai", "meta/x"),
        ] {
            let config = file.agent_with(name).unwrap();
            assert_eq!(
                (config.provider.name.as_str(), config.agents.model.as_str()),
                (provider, model)
            );
        }
    }

    #[test]
    fn environment_replaces_a_missing_file_only() {
        let (_dir, home) = home();
        let env = |name: &str| (name == "GROQ_API_KEY").then(|| "sk-1".to_owned());
        let file = ConfigFile::read_with(&home, &env).unwrap();
        assert_eq!(file.path(), "the environment");
        assert_eq!(file.agent().unwrap().provider.name, "groq");
        // A file that the user has named has to exist.
        let elsewhere = Home {
            config: home.directory.join("other.json"),
            ..home.clone()
        };
        assert!(ConfigFile::read_with(&elsewhere, &env).is_err());
        home.make().unwrap();
        fs::write(&home.config, "{}").unwrap();
        let file = ConfigFile::read_with(&home, &env).unwrap();
        assert_eq!(file.path(), home.config.display().to_string());
    }

    #[test]
    fn refuses_configuration_that_is_not_a_file() {
        let (_dir, home) = home();
        assert!(matches!(
            ConfigFile::read_with(&home, &|_| None).unwrap_err().fault,
            Fault::NoConfig { .. }
        ));
        home.make().unwrap();
        fs::create_dir(&home.config).unwrap();
        let said = ConfigFile::read(&home).unwrap_err().to_string();
        assert_eq!(
            said,
            format!("cannot read `{}`: it is a directory", home.config.display())
        );
        #[cfg(unix)]
        {
            fs::remove_dir(&home.config).unwrap();
            let _socket = std::os::unix::net::UnixListener::bind(&home.config).unwrap();
            let said = ConfigFile::read(&home).unwrap_err().to_string();
            assert!(said.ends_with("config.json`: it is not a regular file"), "{said}");
        }
        #[cfg(unix)]
        {
            fs::remove_file(&home.config).unwrap();
            std::os::unix::fs::symlink("nowhere", &home.config).unwrap();
            let env = |name: &str| (name == "GROQ_API_KEY").then(|| "sk-1".to_owned());
            let said = ConfigFile::read_with(&home, &env).unwrap_err().to_string();
            assert!(
                said.ends_with("config.json`: no such file or directory"),
                "{said}"
            );
        }
        #[cfg(target_os = "linux")]
        {
            // This file has no end.
            let home = Home {
                config: "/dev/zero".into(),
                ..home
            };
            let said = ConfigFile::read(&home).unwrap_err().to_string();
            assert_eq!(said, "cannot read `/dev/zero`: it is not a regular file");
        }
    }
}
