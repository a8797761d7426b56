//! The guest's network: every name is this machine, every connection uses TLS, and one authority is trusted.
//!
//! Timeouts of the guest are ignored, as a host may do, to test that the guest keeps its own.

use std::{fs, io, net::Ipv4Addr, sync::Arc};

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, Uri, client::conn::http1};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{self, ClientConfig, RootCertStore, pki_types::ServerName},
};
use wasmtime::{Result, error::Context as _};
use wasmtime_wasi::runtime;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpHooks,
    io::TokioIo,
    p2::bindings::http::types::{ErrorCode, TlsAlertReceivedPayload},
};

use crate::certificates::AUTHORITY;

/// A response, and the connection that delivers its body.
type Answer = (Response<WasiBody>, Connection);

/// Ends when the connection does.
type Connection = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// The guest's connections to servers.
pub(crate) struct Network {
    client: Client,
    /// The rustls error of each TLS connection that failed.
    pub(crate) complaints: Vec<String>,
}

/// Sends requests, each on a connection of its own.
#[derive(Clone)]
pub(crate) struct Client(TlsConnector);

impl Network {
    /// Returns the network that `client` connects to.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            complaints: Vec::new(),
        }
    }
}

impl WasiHttpHooks for Network {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Connection,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let client = self.client.clone();
        Box::new(async move { client.send(request).await })
    }

    /// Returns the most specific error code, and keeps the error message.
    fn p2_error_from_tls(&mut self, error: &io::Error) -> ErrorCode {
        self.complaints.push(error.to_string());
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        match cause {
            Some(rustls::Error::InvalidCertificate(_)) => ErrorCode::TlsCertificateError,
            Some(rustls::Error::AlertReceived(alert)) => {
                ErrorCode::TlsAlertReceived(TlsAlertReceivedPayload {
                    alert_id: Some((*alert).into()),
                    alert_message: alert.as_str().map(str::to_owned),
                })
            }
            _ => ErrorCode::TlsProtocolError,
        }
    }
}

impl Client {
    /// Returns a client that trusts the authority in the current directory.
    pub(crate) fn new() -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let certificate = fs::read(AUTHORITY).with_context(|| {
            format!("could not read `{AUTHORITY}`, which `serve` writes to its working directory")
        })?;
        roots
            .add(certificate.into())
            .with_context(|| format!("bad certificate `{AUTHORITY}`"))?;
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config).into()))
    }

    /// Sends `body` to `url` with `POST`, for this host itself, and returns the response's body.
    pub(crate) fn post(&self, url: &str, body: String) -> Result<String> {
        let body = Full::from(body).map_err(Error::from).boxed_unsync();
        let request = Request::post(url)
            .header("content-type", "application/json")
            .body(body)?;
        let bytes = runtime::in_tokio(async {
            let (response, _connection) = self.send(request).await?;
            Ok::<_, Error>(response.into_body().collect().await?.to_bytes())
        })?;
        Ok(String::from_utf8(bytes.into())?)
    }

    async fn send(&self, mut request: Request<WasiBody>) -> Result<Answer, Error> {
        let stream = self.connect(request.uri()).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Runs beside the wait for the answer, because it also transfers the body.
        let connection = runtime::spawn(connection);
        *request.uri_mut() = path_of(request.uri())?;
        let response = sender.send_request(request).await?;
        let connection = async move { Ok(connection.await?) };
        Ok((
            response.map(|body| body.map_err(Error::from).boxed_unsync()),
            Box::new(connection),
        ))
    }

    async fn connect(&self, uri: &Uri) -> Result<TlsStream<TcpStream>, Error> {
        if uri.scheme_str() != Some("https") {
            return Err(Error::HttpRequestDenied);
        }
        let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, uri.port_u16().unwrap_or(443)));
        let stream = stream.await.map_err(Error::Connect)?;
        stream.set_nodelay(true).map_err(Error::Connect)?;
        self.0.connect(name, stream).await.map_err(Error::Tls)
    }
}

/// Returns the path alone, the form of requests to servers other than proxies.
fn path_of(uri: &Uri) -> Result<Uri, Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    path.parse().map_err(|_| Error::HttpRequestUriInvalid)
}
