//! Trust in registries' certificates: the system's authorities, a file named on the command line, and the directories
//! `certs.d` of Docker and podman.

mod verifier;

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use devkit::ui;
use rustls::{
    ClientConfig, RootCertStore,
    client::WebPkiServerVerifier,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use self::verifier::{Trusted, Verifier};

/// The system's directories with registries' certificates.
const SYSTEM: [&str; 2] = ["/etc/docker/certs.d", "/etc/containers/certs.d"];

/// Certificates for one registry, beside those of the system.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// Files with authorities.
    authorities: Vec<PathBuf>,
    /// The files of the client certificate and its key.
    client: Option<(PathBuf, PathBuf)>,
    /// Whether any certificate is accepted.
    blind: bool,
}

impl Trust {
    /// Collects the files for `registry`, such as `localhost:5000`: `named` and those in `certs.d`.
    pub(super) fn find(registry: &str, named: Option<&Path>, blind: bool) -> Self {
        let mut trust = Self {
            authorities: named.map(Path::to_owned).into_iter().collect(),
            client: None,
            blind,
        };
        for directory in directories().map(|directory| directory.join(registry)) {
            trust.add(&directory);
        }
        trust
    }

    /// Returns whether anything is configured for TLS with this registry.
    pub(super) fn is_configured(&self) -> bool {
        self.blind || !self.authorities.is_empty() || self.client.is_some()
    }

    /// Adds the authorities `*.crt` and the first client certificate `*.cert` with its `*.key`.
    fn add(&mut self, directory: &Path) {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return,
            Err(error) => {
                ui::warn(&format!(
                    "could not read the certificates in `{}`, and goes on without them: {error}",
                    directory.display()
                ));
                return;
            }
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        let has = |path: &Path, ending: &str| path.extension().is_some_and(|found| found == ending);
        for path in &paths {
            let key = path.with_extension("key");
            if !has(path, "cert") {
                continue;
            }
            if !key.is_file() {
                ui::warn(&format!(
                    "`{}` has no key beside it, and is not used",
                    path.display()
                ));
            } else if self.client.is_none() {
                self.client = Some((path.clone(), key));
            }
        }
        self.authorities
            .extend(paths.into_iter().filter(|path| has(path, "crt")));
    }

    /// Returns the configuration for rustls. Succeeds on machines without authorities too: plain HTTP needs none.
    pub(super) fn configuration(&self) -> Result<ClientConfig> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .context("could not prepare for TLS")?;
        let named = self.named()?;
        let trusted = if self.blind {
            Some(Trusted::Anything)
        } else if named.is_empty() {
            None
        } else {
            let roots = Arc::new(roots(&named)?);
            let chains = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            let chains = chains.context("could not prepare the check of certificates")?;
            let named = named.into_iter().map(|(_, certificate)| certificate).collect();
            Some(Trusted::Chains { chains, named })
        };
        let builder = match trusted {
            Some(trusted) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Verifier { trusted, provider })),
            None => builder.with_root_certificates(roots(&[])?),
        };
        let Some((certificate, key)) = &self.client else {
            return Ok(builder.with_no_client_auth());
        };
        let certificates = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| anyhow!("could not read the key `{}`: {error}", key.display()))?;
        builder
            .with_client_auth_cert(certificates, key)
            .with_context(|| format!("`{}` and its key do not fit", certificate.display()))
    }

    /// Returns the certificates in the files of authorities, each with its file.
    fn named(&self) -> Result<Vec<(&Path, CertificateDer<'static>)>> {
        let mut named = Vec::new();
        for path in &self.authorities {
            let found = certificates(path)?;
            named.extend(found.into_iter().map(|certificate| (path.as_path(), certificate)));
        }
        Ok(named)
    }
}

/// Returns the system's authorities and those that are `named`.
fn roots(named: &[(&Path, CertificateDer<'static>)]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for (path, certificate) in named {
        roots
            .add(certificate.clone())
            .with_context(|| format!("`{}` holds a bad certificate", path.display()))?;
    }
    Ok(roots)
}

/// Returns the directories that hold one directory for each registry.
fn directories() -> impl Iterator<Item = PathBuf> {
    let configuration = env::var_os("XDG_CONFIG_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    let configuration = configuration.or_else(|| Some(env::home_dir()?.join(".config")));
    let own = configuration.into_iter().flat_map(|configuration| {
        ["docker", "containers"].map(|program| configuration.join(program).join("certs.d"))
    });
    SYSTEM.into_iter().map(PathBuf::from).chain(own)
}

/// Reads the certificates in a file: any number in PEM form, or one in DER form.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    if let Some(certificate) = fs::read(path).ok().and_then(der) {
        return Ok(vec![certificate]);
    }
    let read = || -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
        CertificateDer::pem_file_iter(path)?.collect()
    };
    let found =
        read().map_err(|error| anyhow!("could not read certificates in `{}`: {error}", path.display()))?;
    ensure!(
        !found.is_empty(),
        "`{}` holds no certificate in PEM form",
        path.display()
    );
    Ok(found)
}

/// Returns a certificate in DER form: a sequence with a length of two bytes. No text begins like that.
fn der(bytes: Vec<u8>) -> Option<CertificateDer<'static>> {
    bytes.starts_with(&[0x30, 0x82]).then(|| bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_files_of_registry_by_their_endings() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["ca.crt", "client.cert", "client.key", "lonely.cert", "README"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let mut trust = Trust::default();
        assert!(!trust.is_configured());
        trust.add(directory.path());
        let path = |name| directory.path().join(name);
        assert_eq!(trust.authorities, [path("ca.crt")]);
        assert_eq!(trust.client, Some((path("client.cert"), path("client.key"))));
        assert!(trust.is_configured());
    }

    #[test]
    fn names_a_file_without_certificates() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let error = |named: &Path| {
            let trust = Trust {
                authorities: vec![named.to_owned()],
                ..Trust::default()
            };
            trust.configuration().unwrap_err().to_string()
        };
        assert!(error(&path).contains("could not read certificates in"));
        fs::write(&path, "nothing").unwrap();
        assert!(error(&path).contains("holds no certificate in PEM form"));
    }

    #[test]
    fn blind_trust_needs_no_certificates() {
        assert!(
            Trust {
                blind: true,
                ..Trust::default()
            }
            .configuration()
            .is_ok()
        );
    }
}
