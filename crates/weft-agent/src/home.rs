//! Where weft keeps its things, and the configuration file.

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
        match read_file(&home.config) {
            Ok(bytes) => Ok(ConfigFile { path, bytes }),
            Err(fault) => {
                let error = FsError { operation: "read", path, fault };
                Err(if error.is_not_found() { Fault::NoConfig(error) } else { Fault::File(error) }.into())
            }
        }
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

/// Fails if there is something at `path` that is no regular file. Opening a pipe may take forever, and a device may never end.
///
/// # Errors
/// [`FsFault::NotFound`] if there is nothing.
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

/// All of a file. It is looked at before it is opened, and again when it is.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, FsFault> {
    check_regular(path)?;
    let mut file = File::open(path)?;
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What went wrong with a file outside of the store, in the store's words.
pub(crate) fn file_error(operation: &'static str, path: &Path, error: impl Into<FsFault>) -> Error {
    FsError { operation, path: path.display().to_string(), fault: error.into() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn home() -> (TempDir, Home) {
        let dir = TempDir::new().unwrap();
        let folder = dir.path().join("above/home");
        (dir, Home { config: folder.join("config.json"), folder })
    }

    #[cfg(unix)]
    #[test]
    fn is_made_for_its_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let (_dir, home) = home();
        for _ in 0..2 {
            home.make().unwrap();
        }
        for folder in [home.folder.as_path(), home.folder.parent().unwrap()] {
            assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_configuration_that_is_no_file_is_refused() {
        let (_dir, home) = home();
        assert!(matches!(ConfigFile::read(&home).unwrap_err().fault, Fault::NoConfig(_)));
        home.make().unwrap();
        fs::create_dir(&home.config).unwrap();
        let said = ConfigFile::read(&home).unwrap_err().to_string();
        assert_eq!(said, format!("cannot read `{}`: it is a directory", home.config.display()));
        #[cfg(unix)]
        {
            fs::remove_dir(&home.config).unwrap();
            let _socket = std::os::unix::net::UnixListener::bind(&home.config).unwrap();
            let said = ConfigFile::read(&home).unwrap_err().to_string();
            assert!(said.ends_with("config.json`: it is not a regular file"), "{said}");
        }
        #[cfg(target_os = "linux")]
        {
            // This one never ends.
            let home = Home { config: "/dev/zero".into(), ..home };
            let said = ConfigFile::read(&home).unwrap_err().to_string();
            assert_eq!(said, "cannot read `/dev/zero`: it is not a regular file");
        }
    }
}
