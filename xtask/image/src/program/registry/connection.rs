//! The distribution protocol, by way of `oci-client`: one call after the other, with explained errors.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use flags::values::ImageName;
use image::Digest;
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{ClientConfig, ClientProtocol},
    errors::{OciDistributionError, OciErrorCode},
    manifest::OciDescriptor,
    secrets::RegistryAuth,
};
use oci_spec::image::MediaType;
use tokio::runtime::{self, Runtime};

use super::{credentials, error};

/// The time that a registry may take to accept a connection, and to send the next bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The media types of images and indexes.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// A connection to a repository.
pub(super) struct Connection {
    client: Client,
    auth: RegistryAuth,
    repository: Reference,
    runtime: Runtime,
}

impl Connection {
    /// Prepares to speak to the registry of `image`. Nothing is sent yet.
    pub(super) fn new(image: &ImageName, insecure: bool) -> Result<Self> {
        // An error would mean that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let repository: Reference =
            image.to_string().parse().with_context(|| format!("`{image}` is no name of an image"))?;
        let plain = insecure || is_loopback(repository.registry());
        let config = ClientConfig {
            protocol: if plain { ClientProtocol::Http } else { ClientProtocol::Https },
            read_timeout: Some(PATIENCE),
            connect_timeout: Some(PATIENCE),
            user_agent: concat!("clawft-image/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).context("could not prepare for TLS")?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("could not start the runtime")?;
        Ok(Self { client, auth: credentials::of(repository.registry())?, repository, runtime })
    }

    /// Asks the registry for the right to read or to write.
    pub(super) fn authorize(&self, operation: RegistryOperation) -> Result<()> {
        self.ask(self.client.auth(&self.repository, &self.auth, operation)).map(drop)
    }

    /// Returns whether the registry has the blob with this digest.
    pub(super) fn has(&self, digest: &Digest) -> Result<bool> {
        self.ask(self.client.blob_exists(&self.repository, &digest.to_string()))
    }

    /// Sends a blob.
    pub(super) fn send(&self, digest: &Digest, bytes: Vec<u8>) -> Result<()> {
        self.ask(self.client.push_blob(&self.repository, bytes, &digest.to_string()))
            .map(drop)
            .with_context(|| format!("could not send `{digest}`"))
    }

    /// Returns a blob, which oci-client compares with its digest. It has to fit into memory.
    pub(super) fn blob(&self, digest: &Digest) -> Result<Vec<u8>> {
        let descriptor = OciDescriptor { digest: digest.to_string(), ..Default::default() };
        let mut bytes = Vec::new();
        self.ask(self.client.pull_blob(&self.repository, &descriptor, &mut bytes))
            .with_context(|| format!("could not get `{digest}`"))?;
        Ok(bytes)
    }

    /// Sets the manifest under `name`, a tag or its digest.
    pub(super) fn set(&self, name: &str, media_type: &MediaType, manifest: &[u8]) -> Result<()> {
        let image = self.under(name);
        let media_type =
            media_type.as_ref().parse().with_context(|| format!("`{media_type}` is no media type"))?;
        self.ask(self.client.push_manifest_raw(&image, manifest.to_vec(), media_type))
            .map(drop)
            .with_context(|| format!("could not set `{image}`"))
    }

    /// Returns the manifest under `name`, a tag or a digest, with the digest of what came.
    pub(super) fn manifest(&self, name: &str) -> Result<(Vec<u8>, Digest)> {
        let image = self.under(name);
        let (bytes, _) = self
            .ask(self.client.pull_manifest_raw(&image, &self.auth, &MANIFESTS))
            .with_context(|| format!("could not get `{image}`"))?;
        let digest = Digest::of(&bytes);
        Ok((bytes.to_vec(), digest))
    }

    /// Returns the digest of the manifest under `tag`; `None` if there is none.
    pub(super) fn find(&self, tag: &str) -> Result<Option<Digest>> {
        let image = self.under(tag);
        match self.runtime.block_on(self.client.pull_manifest_raw(&image, &self.auth, &MANIFESTS)) {
            Ok((bytes, _)) => Ok(Some(Digest::of(&bytes))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.explain(error)),
        }
    }

    fn under(&self, name: &str) -> Reference {
        let (registry, repository) =
            (self.repository.registry().to_owned(), self.repository.repository().to_owned());
        match name.starts_with("sha256:") {
            true => Reference::with_digest(registry, repository, name.to_owned()),
            false => Reference::with_tag(registry, repository, name.to_owned()),
        }
    }

    /// Waits for an answer of the registry.
    fn ask<T>(&self, answer: impl Future<Output = Result<T, OciDistributionError>>) -> Result<T> {
        self.runtime.block_on(answer).map_err(|error| self.explain(error))
    }

    fn explain(&self, error: OciDistributionError) -> anyhow::Error {
        let logged_in = matches!(self.auth, RegistryAuth::Basic(..));
        match error::explain(&error, self.repository.registry(), self.repository.repository(), logged_in) {
            Some(explained) => anyhow!("{explained}"),
            None => error.into(),
        }
    }
}

/// Returns whether a registry said that it has no such tag, or not even such a repository.
fn is_absent(error: &OciDistributionError) -> bool {
    let absent = |code: &OciErrorCode| {
        matches!(code, OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound)
    };
    match error {
        OciDistributionError::ImageManifestNotFoundError(_) => true,
        OciDistributionError::ServerError { code, .. } => *code == 404,
        OciDistributionError::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|error| absent(&error.code))
        }
        _ => false,
    }
}

/// Returns whether `registry` is this machine, where nothing crosses a network.
fn is_loopback(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => registry,
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_absent_tags_from_refusals() {
        let said = |code: &str| OciDistributionError::RegistryError {
            envelope: serde_json::from_value(serde_json::json!({ "errors": [{ "code": code }] })).unwrap(),
            url: String::new(),
        };
        for code in ["MANIFEST_UNKNOWN", "NAME_UNKNOWN"] {
            assert!(is_absent(&said(code)), "{code}");
        }
        for code in ["UNAUTHORIZED", "DENIED", "TOOMANYREQUESTS"] {
            assert!(!is_absent(&said(code)), "{code}");
        }
    }

    #[test]
    fn only_loopback_is_spoken_to_in_plain_http() {
        for registry in ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"] {
            assert!(is_loopback(registry), "{registry}");
        }
        for registry in ["ghcr.io", "10.0.0.1:5000", "127.0.0.1.example.org", "[2001:db8::1]:5000"] {
            assert!(!is_loopback(registry), "{registry}");
        }
    }
}
