//! Error messages for the host's error codes. The bindings offer only `Debug`, which prints nothing in the
//! shipped build.

use wasip2::http::types::ErrorCode;

/// Returns whether the host gave up because of a timeout.
pub(super) fn is_timeout(code: &ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout
    )
}

/// Returns whether a retry would fail as well: the host forbids the request, or does not trust the server.
pub(super) fn is_lasting(code: &ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DestinationIpProhibited
            | ErrorCode::HttpRequestDenied
            | ErrorCode::HttpRequestUriInvalid
            | ErrorCode::TlsProtocolError
            | ErrorCode::TlsCertificateError
            | ErrorCode::TlsAlertReceived(_)
            | ErrorCode::ConfigurationError
    )
}

/// Returns the cause as the end of a sentence. Codes on which a user would act in the same way share a
/// message.
pub(super) fn words(code: ErrorCode) -> String {
    let words = match code {
        ErrorCode::DnsError(payload) => {
            return with_detail("the host name could not be resolved", payload.rcode);
        }
        ErrorCode::TlsAlertReceived(payload) => {
            return with_detail("TLS refused by the server", payload.alert_message);
        }
        ErrorCode::InternalError(detail) => return with_detail("the host failed", detail),
        ErrorCode::DnsTimeout => "resolving the host name took too long",
        ErrorCode::DestinationNotFound => "no such host",
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            "the server cannot be reached"
        }
        ErrorCode::DestinationIpProhibited | ErrorCode::HttpRequestDenied => "the host forbids this request",
        ErrorCode::ConnectionRefused => "connection refused",
        ErrorCode::ConnectionTerminated => "the connection was closed",
        ErrorCode::ConnectionLimitReached => "the host allows no more connections",
        ErrorCode::TlsProtocolError => "TLS failed",
        ErrorCode::TlsCertificateError => "TLS failed: the server's certificate is not trusted",
        ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => "the host refused the URL",
        ErrorCode::HttpResponseIncomplete => "the response is incomplete",
        ErrorCode::HttpProtocolError => "the connection broke off, or the server does not speak HTTP",
        ErrorCode::LoopDetected | ErrorCode::ConfigurationError => "the host's HTTP is not set up rightly",
        ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_) => "the response is larger than the host takes",
        ErrorCode::HttpResponseTransferCoding(_) | ErrorCode::HttpResponseContentCoding(_) => {
            "the response has an encoding that the host does not know"
        }
        _ => "the host refused the request",
    };
    words.to_owned()
}

fn with_detail(words: &str, detail: Option<String>) -> String {
    match detail {
        Some(detail) => [words, " (", &detail, ")"].concat(),
        None => words.to_owned(),
    }
}
