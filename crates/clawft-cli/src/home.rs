//! Where weft keeps its things, and the configuration file.

use crate::error::{Error, Fault};
use clawft_store::{FileSystem, FsError, FsFault, Sessions};
use clawft_types::json::{self, JsonError, Node, Value};
use clawft_types::{Config, ConfigError};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The environment variable that names the home directory.
pub const HOME_VARIABLE: &str = "CLAWFT_HOME";

/// Where weft keeps its things.
#[derive(Debug, Clone)]
pub struct Home {
    /// The directory in which sessions and the like are.
    pub folder: PathBuf,
    /// The configuration file: `config.json` in there, or another one that the user has chosen.
    pub config: PathBuf,
}

impl Home {
    /// The directory that [`HOME_VARIABLE`] names, else `.clawft` in the user's own; `config` in place of the file in it.
    ///
    /// # Errors
    /// If the user has no home directory, or the path is not UTF-8.
    pub fn find(config: Option<PathBuf>) -> Result<Home, Error> {
        let folder = match env::var_os(HOME_VARIABLE).filter(|path| !path.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => env::home_dir()
                .filter(|home| !home.as_os_str().is_empty())
                .ok_or_else(|| Error::other(format!("you have no home directory: set `{HOME_VARIABLE}`")))?
                .join(".clawft"),
        };
        let config = config.unwrap_or_else(|| folder.join("config.json"));
        Ok(Home { folder, config })
    }

    /// Makes the directory, for nobody but the user, if it is not there.
    ///
    /// # Errors
    /// If that fails.
    pub fn make(&self) -> Result<(), Error> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(|error| file_error("create", &self.folder, error))
    }

    /// The sessions in there.
    ///
    /// # Errors
    /// If the directory's path is not UTF-8.
    pub fn sessions(&self) -> Result<Sessions, Error> {
        let folder = self.folder.to_str().ok_or_else(|| {
            let path = self.folder.display();
            Error::other(format!("the path of the home directory is not UTF-8: `{path}`"))
        })?;
        Ok(Sessions::new(FileSystem::with_base_path(folder)))
    }
}

/// The configuration file as it was read.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    path: String,
    bytes: Vec<u8>,
}

impl ConfigFile {
    /// Reads the file. What is in it is looked at later.
    ///
    /// # Errors
    /// [`Fault::NoConfig`] if there is none; if it cannot be read.
    pub fn read(home: &Home) -> Result<ConfigFile, Error> {
        let path = home.config.display().to_string();
        let bytes =
            fs::read(&home.config).map_err(|error| match file_error("read", &home.config, error) {
                Error { fault: Fault::File(error), .. } if error.is_not_found() => {
                    Fault::NoConfig(error).into()
                }
                other => other,
            })?;
        Ok(ConfigFile { path, bytes })
    }

    /// The file, as messages name it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The agent's part.
    ///
    /// # Errors
    /// If it is not JSON, or a field is missing or wrong; the error says where.
    pub fn agent(&self) -> Result<Config, Error> {
        Ok(Config::parse(&self.path, &self.bytes)?)
    }

    /// Another part, by whoever knows what it means: `read` gets the root of the file. An object of one's own is
    /// `root.get("gateway")`.
    ///
    /// # Errors
    /// If it is not JSON; what `read` says, with the file's path in front.
    pub fn part<T>(&self, read: impl FnOnce(Node<'_>) -> Result<T, JsonError>) -> Result<T, Error> {
        let part = self.tree().and_then(|tree| read(Node::root(&tree)));
        Ok(part.map_err(|cause| ConfigError { path: self.path.clone(), cause })?)
    }

    fn tree(&self) -> Result<Value, JsonError> {
        json::parse(&self.bytes)
    }
}

/// What went wrong with a file outside of the store, in the store's words.
pub(crate) fn file_error(operation: &'static str, path: &Path, error: std::io::Error) -> Error {
    FsError { operation, path: path.display().to_string(), fault: FsFault::from(error) }.into()
}
