//! Error messages for the host's error codes, by the numbers of the variants of `error-code` in `wasi:http`.

use clawft_types::join;

use super::calls::ErrorCode;

/// Returns whether the host gave up because of a timeout: of the connection, of reading and writing, of the response.
pub(super) fn is_timeout(code: &ErrorCode) -> bool {
    matches!(code.number, 8..=10 | 33)
}

/// Returns whether a retry would fail as well: the host forbids the address or the request, refuses the URL, is not
/// set up rightly, or does not trust the server.
pub(super) fn is_lasting(code: &ErrorCode) -> bool {
    matches!(code.number, 4 | 12..=15 | 19 | 37)
}

/// Returns the cause as the end of a sentence. Codes on which a user would act in the same way share a
/// message.
pub(super) fn words(code: ErrorCode) -> String {
    let ErrorCode { number, detail } = code;
    let words = match number {
        0 => "resolving the host name took too long",
        1 => "the host name could not be resolved",
        2 => "no such host",
        3 | 5 => "the server cannot be reached",
        4 | 15 => "the host forbids this request",
        6 => "connection refused",
        7 => "the connection was closed",
        11 => "the host allows no more connections",
        12 => "TLS failed",
        13 => "TLS failed: the server's certificate is not trusted",
        14 => "TLS refused by the server",
        19 | 20 => "the host refused the URL",
        25 => "the response is incomplete",
        26..=30 => "the response is larger than the host takes",
        31 | 32 => "the response has an encoding that the host does not know",
        35 => "the connection broke off, or the server does not speak HTTP",
        36 | 37 => "the host's HTTP is not set up rightly",
        38 => "the host failed",
        u8::MAX => "the host gave the response away",
        _ => "the host refused the request",
    };
    // Of these the text is the reason, of others the name of a header.
    match detail.filter(|_| matches!(number, 1 | 14 | 38)) {
        Some(detail) => join!(words, " (", &detail, ")"),
        None => words.to_owned(),
    }
}
