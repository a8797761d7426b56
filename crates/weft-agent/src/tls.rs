//! The configuration of TLS, which needs nothing of the system. On macOS and Windows it trusts what the system trusts
//! as well.

#[cfg(any(test, target_os = "macos", windows))]
mod either;

use std::{
    env,
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::{
    error::Error,
    home::{file_error, read_file},
};

#[cfg(any(target_os = "macos", windows))]
use rustls::client::WebPkiServerVerifier;

/// The variable that names a file of certificates to trust in addition to the web's.
const CERTIFICATES_VARIABLE: &str = "SSL_CERT_FILE";

/// Returns the configuration of clients, which trust the web's authorities, those in the file that `SSL_CERT_FILE`
/// names, those in `more`, and on macOS and Windows those of the system.
///
/// # Errors
/// If a file of certificates cannot be used.
pub fn client_config(more: Option<&Path>) -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    trusting(config, roots(more)?)
}

/// Returns the configuration that trusts `roots`.
#[cfg(not(any(target_os = "macos", windows)))]
fn trusting(
    config: ConfigBuilder<ClientConfig, WantsVerifier>,
    roots: RootCertStore,
) -> Result<ClientConfig, Error> {
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Returns the configuration that trusts `roots`, and what the system trusts.
#[cfg(any(target_os = "macos", windows))]
fn trusting(
    config: ConfigBuilder<ClientConfig, WantsVerifier>,
    roots: RootCertStore,
) -> Result<ClientConfig, Error> {
    let provider = Arc::clone(config.crypto_provider());
    let own = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(unusable)?;
    let system = rustls_platform_verifier::Verifier::new(provider).map_err(unusable)?;
    let either = either::Either::new(own, Arc::new(system));
    let config = config
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(either));
    Ok(config.with_no_client_auth())
}

fn unusable(error: impl Display) -> Error {
    Error::other(format!("TLS cannot be set up: {error}"))
}

/// Returns the web's root certificates, which are compiled in, and the user's.
fn roots(more: Option<&Path>) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let named = env::var_os(CERTIFICATES_VARIABLE)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    if let Some(path) = named {
        add_file(&mut roots, &path, CERTIFICATES_VARIABLE)?;
    }
    if let Some(path) = more {
        add_file(&mut roots, path, "sslrootcert")?;
    }
    Ok(roots)
}

/// Adds the certificates in the file at `path`, which the setting `name` names.
fn add_file(roots: &mut RootCertStore, path: &Path, name: &str) -> Result<(), Error> {
    let pem = read_file(path).map_err(|fault| file_error("read", path, fault))?;
    add(roots, &pem).map_err(|cause| {
        let path = path.display();
        Error::other(format!(
            "`{path}`, named by `{name}`, holds no usable certificate: {cause}"
        ))
    })
}

/// Adds the certificates in `pem`, of which there has to be at least one. The error is the cause.
fn add(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.len() > before {
        Ok(())
    } else {
        Err("no certificate found".to_owned())
    }
}
