//! The distribution protocol: blobs and manifests of one repository. Temporary failures are retried, and permanent
//! ones explained.

use std::{cell::Cell, error::Error, fmt, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use devkit::ui;
use flags::values::ImageName;
use image::Digest;
use oci_spec::image::MediaType;
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION},
};
use tokio::runtime::{self, Runtime};

use super::{
    Access,
    credentials::{self, Login},
    failure::{Circumstances, Failure, Purpose},
    retry,
    session::{Right, Scheme, Session},
    tls::Trust,
    transport::{self, Request, Response, Transport, is_local},
};

/// The media types of images and indexes.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// The media type of uploads.
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The header with the minimum size of chunks.
const SMALLEST: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// The header with the name of an upload, by which it can be addressed.
const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// The beginning of the tags that name the documents and signatures of an image.
pub(crate) const ATTACHED: &str = "sha256-";

/// The header with which a registry confirms that it lists referrers.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

/// The sizes of chunks to try if a blob is too large for one request.
const PARTS: [usize; 4] = [8 << 20, 1 << 20, 128 << 10, 16 << 10];

/// The pauses before a tag that was set is read again.
const UNTIL_SEEN: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_millis(1_000),
    Duration::from_millis(3_000),
];

/// The time for cancelling an upload that was started as a trial.
const CANCELLING: Duration = Duration::from_secs(5);

/// The statuses that mean that an upload may work with other requests or smaller chunks. Those after the first six have
/// other causes too.
const OTHERWISE: [StatusCode; 9] = [
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::LENGTH_REQUIRED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::RANGE_NOT_SATISFIABLE,
    StatusCode::NOT_IMPLEMENTED,
    StatusCode::BAD_REQUEST,
    StatusCode::NOT_FOUND,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// A connection to a repository.
pub(super) struct Connection {
    session: Session,
    image: ImageName,
    logged_in: bool,
    problem: Option<String>,
    /// The variable that names a proxy for the registry.
    proxy: Option<&'static str>,
    may_push: Cell<bool>,
    runtime: Runtime,
}

/// The explanation of a failure.
#[derive(Debug)]
pub(super) struct Explained {
    text: String,
    /// Whether a manifest was refused for a blob that the registry does not have.
    pub(super) lacks_blob: bool,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Explained {}

/// An upload session.
struct Upload {
    url: Url,
    /// The minimum size of chunks.
    smallest: usize,
}

impl Connection {
    /// Prepares a connection to the registry of `image`. Sends nothing yet.
    pub(super) fn new(image: &ImageName, access: &Access) -> Result<Self> {
        let registry = image.registry();
        let trust = Trust::find(registry, access.ca_file.as_deref(), access.skip_verify);
        let transport = Transport::new(&trust.configuration()?)?;
        let found = credentials::find(registry, image.repository(), access.login.as_ref())?;
        if let Some(problem) = &found.problem {
            ui::warn(&format!("{problem}: going on without a login to `{registry}`"));
        }
        let logged_in = found.login != Login::Anonymous;
        // The host of Docker Hub's API.
        let host = if registry == "docker.io" {
            "registry-1.docker.io"
        } else {
            registry
        };
        let scheme = scheme(host, access.insecure, trust.is_configured());
        let proxy = transport::proxy(host, access.insecure);
        let session = Session::new(transport, host, image.repository(), found.login, scheme);
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("could not start the runtime")?;
        let image = image.clone();
        let may_push = Cell::new(false);
        Ok(Self {
            session,
            image,
            logged_in,
            problem: found.problem,
            proxy,
            may_push,
            runtime,
        })
    }

    /// Checks that uploads to the repository are allowed, by starting one and cancelling it: registries also issue
    /// tokens without the permission.
    pub(super) fn ensure_push(&self) -> Result<()> {
        if self.may_push.get() {
            return Ok(());
        }
        self.ask(async || {
            let upload = self.begin().await?;
            // Some registries cannot cancel uploads; all of them drop old ones.
            let drop = Request::new(Method::DELETE, upload.url, Purpose::Begin);
            let cancelled = self.session.send(drop, Right::Push);
            let _ = tokio::time::timeout(CANCELLING, cancelled).await;
            Ok(())
        })?;
        self.may_push.set(true);
        Ok(())
    }

    /// Returns whether the registry has the blob with this digest.
    pub(super) fn has(&self, digest: &Digest, right: Right) -> Result<bool> {
        self.ask(async || self.holds(digest, right).await)
    }

    async fn holds(&self, digest: &Digest, right: Right) -> Result<bool, Failure> {
        let url = self.session.url(&format!("blobs/{digest}")).await?;
        let head = Request::new(Method::HEAD, url, Purpose::Read);
        let response = self.session.send(head, right).await?;
        // Storage without the permission to list answers 403 for missing objects. Where nothing is to be learnt
        // about the blob, it is sent; that fails if it is not allowed.
        let failure = match response.success() {
            Ok(_) => return Ok(true),
            Err(failure) => failure,
        };
        let refusal = failure.refusal().map(|refusal| refusal.status);
        let is_answer = refusal.is_some_and(|status| {
            let is_final = status.is_client_error() && status != StatusCode::UNAUTHORIZED;
            (is_final && !failure.may_pass()) || status == StatusCode::NOT_IMPLEMENTED
        });
        if is_answer { Ok(false) } else { Err(failure) }
    }

    /// Sends a blob.
    pub(super) fn send(&self, digest: &Digest, bytes: Vec<u8>) -> Result<()> {
        let bytes = Bytes::from(bytes);
        self.ask(async || match self.upload(digest, &bytes).await {
            // Another client may have sent the same blob at the same time.
            Err(failure) if is_conflict(&failure) && self.holds(digest, Right::Push).await? => Ok(()),
            sent => sent,
        })
        .with_context(|| format!("could not send `{digest}`"))
    }

    /// Returns a blob, after comparing it with its digest. It has to fit into memory.
    pub(super) fn blob(&self, digest: &Digest) -> Result<Vec<u8>> {
        let get = || -> Result<Vec<u8>> {
            let response = self.ask(async || {
                let url = self.session.url(&format!("blobs/{digest}")).await?;
                let get = Request::new(Method::GET, url, Purpose::Read);
                self.session.send(get, Right::Pull).await?.success()
            })?;
            let found = Digest::of(&response.body);
            ensure!(found == *digest, "its content has another digest, {found}");
            Ok(response.body.into())
        };
        get().with_context(|| format!("could not get `{digest}`"))
    }

    /// Sets the manifest under `name`, a tag or its digest. `config` is the media type of its configuration. Returns
    /// whether the registry lists the manifest as a referrer of its subject.
    pub(super) fn set(
        &self,
        name: &str,
        media_type: &MediaType,
        config: Option<MediaType>,
        manifest: &[u8],
    ) -> Result<bool> {
        let value = HeaderValue::from_str(media_type.as_ref())
            .with_context(|| format!("`{media_type}` is no media type"))?;
        let purpose = if name.starts_with(ATTACHED) {
            Purpose::List
        } else {
            Purpose::Set(config)
        };
        let bytes = Bytes::copy_from_slice(manifest);
        self.ask(async || {
            let put = Request::new(Method::PUT, self.manifest_url(name).await?, purpose.clone());
            let put = put.header(CONTENT_TYPE, value.clone()).body(bytes.clone());
            // The header Location is not needed, and some registries omit it.
            let response = self.session.send(put, Right::Push).await?.success()?;
            Ok(response.headers.contains_key(SUBJECT))
        })
        .with_context(|| format!("could not set `{}`", self.under(name)))
    }

    /// Returns the manifest under `name`, a tag or a digest, with the digest of the received bytes.
    pub(super) fn manifest(&self, name: &str) -> Result<(Vec<u8>, Digest)> {
        let response = self.ask(async || self.get_manifest(name, Right::Pull).await?.success());
        let response = response.with_context(|| format!("could not get `{}`", self.under(name)))?;
        let digest = Digest::of(&response.body);
        Ok((response.body.into(), digest))
    }

    /// Returns the digest of the manifest under `tag`, which was just set to `expected`. Some registries need a while
    /// until everyone sees that.
    pub(super) fn read_back(&self, tag: &str, expected: &Digest) -> Result<Digest> {
        let read = || self.manifest(tag).map(|(_, found)| found);
        for pause in UNTIL_SEEN {
            match read() {
                Ok(found) if found == *expected => return Ok(found),
                _ => thread::sleep(pause),
            }
        }
        read()
    }

    /// Returns the digest of the manifest under `tag`; `None` if there is none. Checks the permission to push first:
    /// a registry that allows pushing and denies reading has no such repository yet.
    pub(super) fn find(&self, tag: &str) -> Result<Option<Digest>> {
        self.ensure_push()?;
        self.ask(async || {
            let response = self.get_manifest(tag, Right::Push).await?;
            if response.status.is_success() {
                return Ok(Some(Digest::of(&response.body)));
            }
            let refused = response.refused();
            let absent = ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"];
            let is_absent = refused.refusal().is_some_and(|refusal| {
                matches!(refusal.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN)
                    || absent.iter().any(|code| refusal.has_code(code))
            });
            if is_absent { Ok(None) } else { Err(refused) }
        })
    }

    async fn get_manifest(&self, name: &str, right: Right) -> Result<Response, Failure> {
        let get = Request::new(Method::GET, self.manifest_url(name).await?, Purpose::Read);
        self.session
            .send(get.header(ACCEPT, HeaderValue::from_static(MANIFESTS)), right)
            .await
    }

    async fn manifest_url(&self, name: &str) -> Result<Url, Failure> {
        self.session.url(&format!("manifests/{name}")).await
    }

    /// Uploads a blob in one request, or in chunks if the registry does not accept that.
    async fn upload(&self, digest: &Digest, bytes: &Bytes) -> Result<(), Failure> {
        let upload = self.begin().await?;
        let whole = match self.finish(upload.url, digest, bytes.clone()).await {
            Err(failure) if may_work_otherwise(&failure) => failure,
            settled => return settled,
        };
        // A reason that has nothing to do with the size is the same for every size.
        let sizes = if is_about_size(&whole) {
            &PARTS[..]
        } else {
            &PARTS[..1]
        };
        for part in sizes {
            match self.upload_in_parts(digest, bytes, *part).await {
                Err(failure) if may_work_otherwise(&failure) => {}
                settled => return settled,
            }
        }
        Err(whole)
    }

    async fn upload_in_parts(&self, digest: &Digest, bytes: &Bytes, part: usize) -> Result<(), Failure> {
        let Upload { mut url, smallest } = self.begin().await?;
        let part = part.max(smallest);
        let mut start = 0;
        while start < bytes.len() {
            let end = bytes.len().min(start.saturating_add(part));
            let range = HeaderValue::from_str(&format!("{start}-{}", end - 1));
            let range = range.map_err(|error| Failure::Other(error.to_string()))?;
            let patch = Request::new(Method::PATCH, url.clone(), Purpose::Send)
                .header(CONTENT_TYPE, BYTES)
                .header(CONTENT_RANGE, range)
                .body(bytes.slice(start..end));
            let response = self.session.send(patch, Right::Push).await?.success()?;
            url = self.location(&response)?.unwrap_or(url);
            start = end;
        }
        self.finish(url, digest, Bytes::new()).await
    }

    /// Starts an upload. Its digest is not named yet, so the registry has no reason to leave it out.
    async fn begin(&self) -> Result<Upload, Failure> {
        let post = Request::new(
            Method::POST,
            self.session.url("blobs/uploads/").await?,
            Purpose::Begin,
        );
        let response = self.session.send(post, Right::Push).await?.success()?;
        let smallest = text(&response, SMALLEST).and_then(|value| value.parse().ok());
        let url = match (self.location(&response)?, text(&response, UPLOAD)) {
            (Some(url), _) => url,
            (None, Some(upload)) => self.session.url(&format!("blobs/uploads/{upload}")).await?,
            (None, None) => {
                let missing = "its response to the start of an upload has no `Location`";
                return Err(Failure::Other(missing.to_owned()));
            }
        };
        Ok(Upload {
            url,
            smallest: smallest.unwrap_or_default(),
        })
    }

    /// Completes an upload with the remaining bytes of the blob.
    async fn finish(&self, url: Url, digest: &Digest, bytes: Bytes) -> Result<(), Failure> {
        let mut url = without_digest(url);
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let put = Request::new(Method::PUT, url, Purpose::Send)
            .header(CONTENT_TYPE, BYTES)
            .body(bytes);
        self.session.send(put, Right::Push).await?.success().map(drop)
    }

    /// Returns the URL for the next request of an upload, if the response names one.
    fn location(&self, response: &Response) -> Result<Option<Url>, Failure> {
        let Some(location) = text(response, LOCATION).filter(|location| !location.is_empty()) else {
            return Ok(None);
        };
        let url = response.url.join(location);
        let url = url.map_err(|_| Failure::Other("the `Location` of an upload is no URL".to_owned()))?;
        Ok(Some(without_downgrade(url, &response.url)))
    }

    fn under(&self, name: &str) -> String {
        let separator = if name.starts_with("sha256:") { '@' } else { ':' };
        format!("{}{separator}{name}", self.image)
    }

    /// Runs `attempt` with retries, and explains its failure.
    fn ask<T>(&self, attempt: impl AsyncFn() -> Result<T, Failure>) -> Result<T> {
        let registry = self.image.registry();
        let asked = retry::run(registry, || self.session.reached(), attempt);
        self.runtime.block_on(asked).map_err(|failure| {
            let text = failure.explain(Circumstances {
                registry,
                repository: self.image.repository(),
                logged_in: self.logged_in,
                problem: self.problem.as_deref(),
                proxy: self.proxy,
            });
            let lacks_blob = failure.refusal().is_some_and(|refusal| {
                let of_manifest = matches!(refusal.request, Purpose::Set(_));
                of_manifest && (refusal.has_code("MANIFEST_BLOB_UNKNOWN") || refusal.has_code("BLOB_UNKNOWN"))
            });
            Explained { text, lacks_blob }.into()
        })
    }
}

/// Returns the protocol for a registry: HTTPS, or plain HTTP with `insecure`. On loopback it is tried out, unless TLS
/// is `configured`.
fn scheme(registry: &str, insecure: bool, configured: bool) -> Scheme {
    let local = is_local(registry);
    match (insecure, configured, local) {
        (true, _, _) => Scheme::Plain,
        (false, false, true) => Scheme::Either,
        (false, _, _) => Scheme::Tls,
    }
}

/// Returns whether the upload may work with other requests.
fn may_work_otherwise(failure: &Failure) -> bool {
    let refusal = failure.refusal();
    refusal.is_some_and(|refusal| !refusal.is_denial() && OTHERWISE.contains(&refusal.status))
}

/// Returns whether an upload met another one of the same blob.
fn is_conflict(failure: &Failure) -> bool {
    let refusal = failure.refusal();
    refusal.is_some_and(|refusal| refusal.status == StatusCode::CONFLICT)
}

/// Returns whether the status of a refused upload may depend on the size of the request.
fn is_about_size(failure: &Failure) -> bool {
    let mut about_size = OTHERWISE.iter().take(6);
    failure
        .refusal()
        .is_some_and(|refusal| about_size.any(|status| *status == refusal.status))
}

/// Returns `url`, with TLS if it is on the host of `asked` and that was asked with TLS: a registry behind a proxy may
/// not know that the proxy speaks TLS.
fn without_downgrade(mut url: Url, asked: &Url) -> Url {
    let same_host = url.host() == asked.host() && (url.port().is_none() || url.port() == asked.port());
    if same_host && asked.scheme() == "https" && url.scheme() == "http" {
        // Neither can fail for a URL of HTTP.
        let _ = url.set_scheme("https");
        let _ = url.set_port(asked.port());
    }
    url
}

/// Returns the URL of an upload without a digest that it names already. The rest of its query does not change.
fn without_digest(mut url: Url) -> Url {
    let Some(query) = url.query() else {
        return url;
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|part| !part.starts_with("digest="))
        .collect();
    let kept = kept.join("&");
    url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    url
}

/// Returns the value of a header of `response`.
fn text(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_plain_http_to_this_machine_alone() {
        assert_eq!(scheme("localhost:5000", false, false), Scheme::Either);
        assert_eq!(scheme("[::1]:5000", false, true), Scheme::Tls);
        assert_eq!(scheme("ghcr.io", false, false), Scheme::Tls);
        assert_eq!(scheme("ghcr.io", true, false), Scheme::Plain);
    }

    #[test]
    fn replaces_digest_of_an_upload() {
        for (url, expected) in [
            ("http://x/up", "http://x/up"),
            ("http://x/up?digest=", "http://x/up"),
            (
                "http://x/up?_state=a%2Bb%3D&digest=sha256:00",
                "http://x/up?_state=a%2Bb%3D",
            ),
            ("http://x/up?digest=y&a&my-digest=z", "http://x/up?a&my-digest=z"),
        ] {
            assert_eq!(without_digest(url.parse().unwrap()).as_str(), expected);
        }
    }

    #[test]
    fn keeps_tls_behind_a_proxy() {
        let next = |asked: &str, url: &str| {
            without_downgrade(url.parse().unwrap(), &asked.parse().unwrap()).to_string()
        };
        assert_eq!(next("https://x/v2/", "http://x/up?a=b"), "https://x/up?a=b");
        assert_eq!(
            next("https://x:5000/v2/", "http://x:5000/up"),
            "https://x:5000/up"
        );
        assert_eq!(next("https://x:5000/v2/", "http://x/up"), "https://x:5000/up");
        assert_eq!(next("https://x/v2/", "http://y/up"), "http://y/up");
        assert_eq!(next("https://x/v2/", "http://x:81/up"), "http://x:81/up");
        assert_eq!(next("http://x/v2/", "http://x/up"), "http://x/up");
    }
}
