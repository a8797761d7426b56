//! The login to a registry: what `docker login` left in Docker's configuration file, or in the helper that it names.

use std::{
    env,
    fs::File,
    io::{BufReader, ErrorKind},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use docker_credential::{CredentialRetrievalError as Error, DockerCredential};
use oci_client::secrets::RegistryAuth;

/// The message of a helper that has no credentials for a registry.
const UNKNOWN: &str = "credentials not found";

/// The name under which Docker keeps the credentials of its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Returns the credentials for `registry`; anonymous if there are none.
pub(super) fn of(registry: &str) -> Result<RegistryAuth> {
    let name = if registry == "docker.io" { DOCKER_HUB } else { registry };
    let Some(path) = configuration() else { return Ok(RegistryAuth::Anonymous) };
    match File::open(&path) {
        Ok(file) => {
            choose(docker_credential::get_credential_from_reader(BufReader::new(file), name), registry)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(RegistryAuth::Anonymous),
        Err(error) => Err(error).with_context(|| format!("could not read `{}`", path.display())),
    }
}

/// Returns the path of Docker's configuration file, which need not exist.
fn configuration() -> Option<PathBuf> {
    let chosen = env::var_os("DOCKER_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = chosen.or_else(|| Some(env::home_dir()?.join(".docker")))?;
    Some(folder.join("config.json"))
}

fn choose(found: Result<DockerCredential, Error>, registry: &str) -> Result<RegistryAuth> {
    match found {
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(RegistryAuth::Basic(user, password)),
        Ok(DockerCredential::IdentityToken(_)) => bail!(
            "the login to `{registry}` is an identity token, which is not understood here: \
             log in with a user and an access token"
        ),
        Err(Error::NoCredentialConfigured) => Ok(RegistryAuth::Anonymous),
        Err(Error::HelperFailure { stdout, .. }) if stdout.contains(UNKNOWN) => Ok(RegistryAuth::Anonymous),
        // The output of a helper may hold a secret, so it is not repeated.
        Err(Error::HelperFailure { helper, .. }) => {
            bail!("`{helper}`, which keeps the login to `{registry}`, ended with an error")
        }
        Err(error) => bail!("could not read the login to `{registry}` in Docker's configuration: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn helper_failure(stdout: &str) -> Error {
        let (helper, stderr) = ("docker-credential-x".to_owned(), "hunter2".to_owned());
        Error::HelperFailure { helper, stdout: stdout.to_owned(), stderr }
    }

    #[test]
    fn missing_credentials_are_anonymous() {
        for error in
            [Error::NoCredentialConfigured, helper_failure("credentials not found in native keychain\n")]
        {
            assert!(choose(Err(error), "ghcr.io").unwrap() == RegistryAuth::Anonymous);
        }
    }

    #[test]
    fn error_names_the_helper_without_its_output() {
        let error = choose(Err(helper_failure("hunter2")), "ghcr.io").unwrap_err().to_string();
        assert_eq!(error, "`docker-credential-x`, which keeps the login to `ghcr.io`, ended with an error");
        let token = DockerCredential::IdentityToken("hunter2".to_owned());
        let error = choose(Ok(token), "ghcr.io").unwrap_err().to_string();
        assert!(error.contains("identity token") && !error.contains("hunter2"), "{error}");
    }
}
