//! The home directory of weft, and the configuration file.

use crate::error::{Error, Fault};
use clawft_store::{FileSystem, FsError, FsFault, Sessions};
use clawft_types::json::{self, JsonError, Node, Value};
use clawft_types::{Config, ConfigError};
use std::env;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};

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
            Some(directory) => PathBuf::from(directory),
            None => env::home_dir()
                .filter(|home| !home.as_os_str().is_empty())
                .ok_or_else(|| Error::other(format!("you have no home directory: set `{HOME_VARIABLE}`")))?
                .join(".clawft"),
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
        builder
            .create(&self.directory)
            .map_err(|error| file_error("create", &self.directory, error))
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

/// The content of the configuration file.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    path: String,
    bytes: Vec<u8>,
}

impl ConfigFile {
    /// Reads the file. Its content is parsed later.
    ///
    /// # Errors
    /// [`Fault::NoConfig`] if it does not exist; another one if it cannot be read.
    pub fn read(home: &Home) -> Result<ConfigFile, Error> {
        let path = home.config.display().to_string();
        match read_file(&home.config) {
            Ok(bytes) => Ok(ConfigFile { path, bytes }),
            Err(fault) => {
                let error = FsError {
                    operation: "read",
                    path,
                    fault,
                };
                Err(if error.is_not_found() {
                    Fault::NoConfig(error)
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
        Ok(Config::parse(&self.path, &self.bytes)?)
    }

    /// Reads another part: `read` gets the root of the file, and finds its object there:
    /// `root.get("gateway")`.
    ///
    /// # Errors
    /// If it is not JSON, or if `read` fails; both with the file's path.
    pub fn part<T>(&self, read: impl FnOnce(Node<'_>) -> Result<T, JsonError>) -> Result<T, Error> {
        let part = self.tree().and_then(|tree| read(Node::root(&tree)));
        Ok(part.map_err(|cause| ConfigError {
            path: self.path.clone(),
            cause,
        })?)
    }

    fn tree(&self) -> Result<Value, JsonError> {
        json::parse(&self.bytes)
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
pub(crate) fn file_error(operation: &'static str, path: &Path, error: impl Into<FsFault>) -> Error {
    FsError {
        operation,
        path: path.display().to_string(),
        fault: error.into(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

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
    fn refuses_configuration_that_is_not_a_file() {
        let (_dir, home) = home();
        assert!(matches!(
            ConfigFile::read(&home).unwrap_err().fault,
            Fault::NoConfig(_)
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
