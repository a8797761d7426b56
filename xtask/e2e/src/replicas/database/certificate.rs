//! The certificate of a database.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Makes an authority and a certificate for loopback, and writes them with the key to the files in `directory` that
/// Postgres reads. Returns the file of the authority.
pub(super) fn write(directory: &Path) -> Result<PathBuf> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| format!("could not write `{}`", path.display()))?;
        // Postgres refuses a key that others can read.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok::<_, anyhow::Error>(path)
    };
    file("server.key", &key.serialize_pem())?;
    file("server.crt", &certificate.pem())?;
    file("authority.crt", &authority.pem())
}
