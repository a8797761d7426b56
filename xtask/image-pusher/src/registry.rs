//! A repository in a registry.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{ClientConfig, ClientProtocol},
    errors::{OciDistributionError, OciErrorCode},
    secrets::RegistryAuth,
};

use crate::{credentials, layout::sha256, words};

/// How long a registry may take to take a connection, and to send the next bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What we can put into a list and run.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// A repository in a registry, with what we are allowed to do there.
pub(crate) struct Registry {
    client: Client,
    auth: RegistryAuth,
    image: Reference,
}

impl Registry {
    /// Prepares to speak to the registry of `image`. Nothing is sent yet.
    pub(crate) fn connect(image: Reference, insecure: bool) -> Result<Self> {
        // An error would mean that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = insecure || is_loopback(image.registry());
        let config = ClientConfig {
            protocol: if plain { ClientProtocol::Http } else { ClientProtocol::Https },
            read_timeout: Some(PATIENCE),
            connect_timeout: Some(PATIENCE),
            user_agent: concat!("clawft-image-pusher/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).context("could not prepare for TLS")?;
        Ok(Self { client, auth: credentials::of(image.registry())?, image })
    }

    /// The digest that this is about.
    pub(crate) fn digest(&self) -> Result<&str> {
        self.image.digest().context("the image has no digest")
    }

    /// Asks to be let in, to read or to write.
    pub(crate) async fn authorize(&self, operation: RegistryOperation) -> Result<()> {
        let answer = self.client.auth(&self.image, &self.auth, operation).await;
        answer.map(drop).map_err(|error| self.explain(error))
    }

    /// Whether the registry has the piece with this digest.
    pub(crate) async fn has(&self, digest: &str) -> Result<bool> {
        self.client.blob_exists(&self.image, digest).await.map_err(|error| self.explain(error))
    }

    /// Sends a piece.
    pub(crate) async fn send(&self, digest: &str, bytes: Vec<u8>) -> Result<()> {
        let answer = self.client.push_blob(&self.image, bytes, digest).await;
        answer
            .map(drop)
            .map_err(|error| self.explain(error))
            .with_context(|| format!("could not send `{digest}`"))
    }

    /// A piece, small enough to be kept in memory, which is what its digest says.
    pub(crate) async fn piece(&self, digest: &str) -> Result<Vec<u8>> {
        let descriptor =
            oci_client::manifest::OciDescriptor { digest: digest.to_owned(), ..Default::default() };
        let mut bytes = Vec::new();
        let answer = self.client.pull_blob(&self.image, &descriptor, &mut bytes).await;
        answer.map_err(|error| self.explain(error)).with_context(|| format!("could not get `{digest}`"))?;
        Ok(bytes)
    }

    /// Sets the manifest under its digest or, with `tag`, under that.
    pub(crate) async fn set(&self, tag: Option<&str>, media_type: &str, manifest: &[u8]) -> Result<()> {
        let image = self.under(tag);
        let media_type = media_type.parse().with_context(|| format!("`{media_type}` is no media type"))?;
        let answer = self.client.push_manifest_raw(&image, manifest.to_vec(), media_type).await;
        answer
            .map(drop)
            .map_err(|error| self.explain(error))
            .with_context(|| format!("could not set `{image}`"))
    }

    /// The manifest under the digest or, with `tag`, under that, and its digest as we reckon it.
    pub(crate) async fn manifest(&self, tag: Option<&str>) -> Result<(Vec<u8>, String)> {
        let image = self.under(tag);
        let answer = self.client.pull_manifest_raw(&image, &self.auth, &MANIFESTS).await;
        let (bytes, _) = answer
            .map_err(|error| self.explain(error))
            .with_context(|| format!("could not get `{image}`"))?;
        let digest = sha256(&bytes);
        if let (None, Some(expected)) = (tag, image.digest()) {
            ensure!(digest == expected, "`{image}` is something else in the registry: `{digest}`");
        }
        Ok((bytes.to_vec(), digest))
    }

    /// The digest of the manifest under `tag`, as we reckon it; `None` where nothing is.
    pub(crate) async fn find(&self, tag: &str) -> Result<Option<String>> {
        let image = self.under(Some(tag));
        match self.client.pull_manifest_raw(&image, &self.auth, &MANIFESTS).await {
            Ok((bytes, _)) => Ok(Some(sha256(&bytes))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.explain(error)),
        }
    }

    fn under(&self, tag: Option<&str>) -> Reference {
        let (registry, repository) = (self.image.registry(), self.image.repository());
        match tag {
            Some(tag) => Reference::with_tag(registry.to_owned(), repository.to_owned(), tag.to_owned()),
            None => self.image.clone(),
        }
    }

    fn explain(&self, error: OciDistributionError) -> anyhow::Error {
        let known = matches!(self.auth, RegistryAuth::Basic(..));
        match words::of(&error, self.image.registry(), self.image.repository(), known) {
            Some(words) => anyhow!("{words}"),
            None => error.into(),
        }
    }
}

/// Whether a registry said that it has no such tag, or not even such a repository.
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

/// Whether `registry` is this machine, where nobody listens to what goes over the network.
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
    fn a_tag_that_is_not_there_is_no_error_and_one_that_may_not_be_seen_is() {
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
    fn only_this_machine_is_asked_in_plain_http() {
        for registry in ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"] {
            assert!(is_loopback(registry), "{registry}");
        }
        for registry in ["ghcr.io", "10.0.0.1:5000", "127.0.0.1.example.org", "[2001:db8::1]:5000"] {
            assert!(!is_loopback(registry), "{registry}");
        }
    }
}
