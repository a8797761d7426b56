//! A request in the host's form, and the host's errors.

use std::cell::RefCell;

use clawft_core::{HttpRequest, TransportError, url::Url};
use wasip3::http::types::{Fields, Method, Request, RequestOptions, Scheme};

use super::Limits;
use crate::preview3::{
    area::ErrorCode,
    body::{self, Transmission},
    nanoseconds, task,
};

thread_local! {
    /// The options of the last request, and their timeouts in nanoseconds: for the first byte, and between two.
    static LAST_OPTIONS: RefCell<Option<([u64; 2], RequestOptions)>> = const { RefCell::new(None) };
}

/// Returns the request. Its body is written while the host sends it.
pub(super) fn of(request: HttpRequest) -> Result<(Request, Transmission), TransportError> {
    let refused = |cause: &str| TransportError::Impossible(["the request is refused: ", cause].concat());
    let url = Url::parse(&request.url).map_err(refused)?;
    let headers = request.headers.iter();
    let headers = headers.map(|header| (header.name.to_string(), header.value.expose().as_bytes().to_vec()));
    let mut headers: Vec<_> = headers.collect();
    let has_body = !request.body.is_empty();
    if has_body {
        // Without it the body is sent in chunks, which some providers' proxies reject.
        let length = request.body.len().to_string();
        headers.push(("content-length".to_owned(), length.into_bytes()));
    }
    let fields = Fields::from_list(&headers)
        .map_err(|_| refused("the host does not let one of the headers be set"))?;
    let (sent, mut writer, transmission) = body::request(&fields, &options(&request), has_body);
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
        task::spawn(async move {
            // The rest is left if the server answers early.
            writer.write(&request.body).await;
        });
    }
    Ok((sent, transmission))
}

/// Returns the timeouts of each phase, as hints that let the host give up early and close the connection. To copy those
/// of the last request is faster than to set each.
fn options(request: &HttpRequest) -> RequestOptions {
    let first = nanoseconds(request.timeout);
    let between = nanoseconds(request.timeout.max(request.idle_timeout)).saturating_mul(2);
    LAST_OPTIONS.with_borrow_mut(|last| match last {
        Some((timeouts, options)) if *timeouts == [first, between] => options.clone(),
        _ => {
            let options = RequestOptions::new();
            // A host may not support one of them; our own deadline holds anyway.
            let _ = options.set_connect_timeout(Some(first));
            let _ = options.set_first_byte_timeout(Some(first));
            let _ = options.set_between_bytes_timeout(Some(between));
            *last = Some(([first, between], options.clone()));
            options
        }
    })
}

/// Returns the error for a code of the host. Codes on which a user would act in the same way share a message.
pub(super) fn transport_error(code: ErrorCode, limits: &Limits) -> TransportError {
    let cause = match code {
        8..=10 | 33 => return limits.late(),
        0 | 1 => "the host name could not be resolved",
        2 => "no such host",
        3 | 5 => "the server cannot be reached",
        4 | 15 => "the host forbids this request",
        6 => "connection refused",
        7 => "the connection was closed",
        11 => "the host allows no more connections",
        12 | 14 => "TLS failed",
        13 => "TLS failed: the server's certificate is not trusted",
        19 | 20 => "the host refused the URL",
        25 => "the response is incomplete",
        35 => "the connection broke off, or the server does not speak HTTP",
        37 => "the host's HTTP is not set up rightly",
        38 => "the host failed",
        _ => "the host refused the request or the response",
    };
    match code {
        4 | 12..=15 | 19 | 20 | 37 => TransportError::Impossible(cause.to_owned()),
        _ => TransportError::Unavailable(cause.to_owned()),
    }
}
