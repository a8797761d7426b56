//! A request in the host's form, and the host's errors.

use super::Limits;
use crate::preview3::nanoseconds;
use clawft_core::url::Url;
use clawft_core::{HttpRequest, TransportError};
use wasip3::http::types::{ErrorCode, Fields, Method, Request, RequestOptions, Scheme};
use wasip3::wit_bindgen::FutureReader;
use wasip3::{spawn_local, wit_future, wit_stream};

/// The end of a request's transmission.
pub(super) type Transmission = FutureReader<Result<(), ErrorCode>>;

/// Returns the request. Its body is written while the host sends it.
pub(super) fn of(request: HttpRequest) -> Result<(Request, Transmission), TransportError> {
    let refused = |cause: &str| TransportError::Impossible(["the request is refused: ", cause].concat());
    let url = Url::parse(&request.url).map_err(refused)?;
    let fields = Fields::new();
    let append = |name: &str, value: &str| {
        fields
            .append(name, value.as_bytes())
            .map_err(|_| refused("the host does not let one of the headers be set"))
    };
    for header in &request.headers {
        append(&header.name, header.value.expose())?;
    }
    let has_body = !request.body.is_empty();
    if has_body {
        // Without it the body is sent in chunks, which some providers' proxies reject.
        append("content-length", &request.body.len().to_string())?;
    }
    let (mut writer, contents) = wit_stream::new();
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (sent, transmission) = Request::new(
        fields,
        has_body.then_some(contents),
        trailers,
        Some(options(&request)),
    );
    let method = match request.method {
        clawft_core::Method::Get => Method::Get,
        clawft_core::Method::Post => Method::Post,
        clawft_core::Method::Put => Method::Put,
        clawft_core::Method::Patch => Method::Patch,
        clawft_core::Method::Delete => Method::Delete,
    };
    let scheme = if url.https { Scheme::Https } else { Scheme::Http };
    sent.set_method(&method)
        .and_then(|()| sent.set_scheme(Some(&scheme)))
        .and_then(|()| sent.set_authority(Some(url.authority)))
        .and_then(|()| sent.set_path_with_query(Some(&url.path_with_query)))
        .map_err(|()| refused("the host does not take the method or the URL"))?;
    if has_body {
        spawn_local(async move {
            // The rest is left if the server answers early.
            let _ = writer.write_all(request.body).await;
        });
    }
    Ok((sent, transmission))
}

/// Returns the timeouts of each phase, as hints that let the host give up early and close the connection.
fn options(request: &HttpRequest) -> RequestOptions {
    let options = RequestOptions::new();
    let first = Some(nanoseconds(request.timeout));
    // A host may not support one of them; our own deadline holds anyway.
    let _ = options.set_connect_timeout(first);
    let _ = options.set_first_byte_timeout(first);
    let between = request.timeout.max(request.idle_timeout);
    let _ = options.set_between_bytes_timeout(Some(nanoseconds(between).saturating_mul(2)));
    options
}

/// Returns the error for a code of the host. Codes on which a user would act in the same way share a message.
pub(super) fn transport_error(code: &ErrorCode, limits: &Limits) -> TransportError {
    let unavailable = |cause: &str| TransportError::Unavailable(cause.to_owned());
    let impossible = |cause: &str| TransportError::Impossible(cause.to_owned());
    match code {
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => limits.late(),
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => unavailable("the host name could not be resolved"),
        ErrorCode::DestinationNotFound => unavailable("no such host"),
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            unavailable("the server cannot be reached")
        }
        ErrorCode::DestinationIpProhibited | ErrorCode::HttpRequestDenied => {
            impossible("the host forbids this request")
        }
        ErrorCode::ConnectionRefused => unavailable("connection refused"),
        ErrorCode::ConnectionTerminated => unavailable("the connection was closed"),
        ErrorCode::ConnectionLimitReached => unavailable("the host allows no more connections"),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => impossible("TLS failed"),
        ErrorCode::TlsCertificateError => impossible("TLS failed: the server's certificate is not trusted"),
        ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
            impossible("the host refused the URL")
        }
        ErrorCode::HttpResponseIncomplete => unavailable("the response is incomplete"),
        ErrorCode::HttpProtocolError => {
            unavailable("the connection broke off, or the server does not speak HTTP")
        }
        ErrorCode::ConfigurationError => impossible("the host's HTTP is not set up rightly"),
        ErrorCode::InternalError(_) => unavailable("the host failed"),
        _ => unavailable("the host refused the request or the response"),
    }
}
