//! The response to a client.
//!
//! At most as much is written at a time as the host accepts, because more of it would trap. A client that reads too
//! slowly is given up, and one that is gone ends the request to the provider.

use std::time::Duration;

use wasip2::{
    http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam},
    io::streams::OutputStream,
};

use super::{client::ResponseBody, is_ready_in};
use crate::reply::{Answer, AnswerBody};

/// The time in which a client has to take some bytes.
const CLIENT_TIME: Duration = Duration::from_secs(60);

/// Sends a response.
pub(super) fn send(answer: Answer<ResponseBody>, out: ResponseOutparam) {
    let fields = Fields::new();
    let append = |name: &str, value: &str| {
        // A header that the host does not let be set is less than an answer.
        let _ = fields.append(name, value.as_bytes());
    };
    for (name, value) in &answer.headers {
        append(name, value);
    }
    if let AnswerBody::Whole(body) = &answer.body {
        append("content-length", &body.len().to_string());
    }
    let response = OutgoingResponse::new(fields);
    let _ = response.set_status_code(answer.status);
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(body) = body else { return };
    let Ok(stream) = body.write() else { return };
    let is_complete = write_body(&stream, answer.body);
    drop(stream);
    // Without the end the client notices that the response is not complete.
    if is_complete {
        clawft_wasm::http::finish(body);
    } else {
        drop::<OutgoingBody>(body);
    }
}

/// Returns whether all of the body was written.
fn write_body(stream: &OutputStream, body: AnswerBody<ResponseBody>) -> bool {
    match body {
        AnswerBody::Whole(body) => write(stream, &body),
        AnswerBody::Stream(mut relay) => {
            while let Some(bytes) = ResponseBody::next(&mut relay) {
                if !write(stream, &bytes) {
                    return false;
                }
            }
            true
        }
    }
}

/// Writes and flushes some bytes. Returns whether the host took them.
fn write(stream: &OutputStream, mut left: &[u8]) -> bool {
    let writable = stream.subscribe();
    let mut is_flushing = false;
    loop {
        let room = match stream.check_write() {
            Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
            Err(_) => return false,
        };
        if room == 0 {
            if !is_ready_in(&writable, CLIENT_TIME) {
                return false;
            }
        } else if is_flushing {
            return true;
        } else if left.is_empty() {
            is_flushing = true;
            if stream.flush().is_err() {
                return false;
            }
        } else {
            let (now, later) = left.split_at(room.min(left.len()));
            if stream.write(now).is_err() {
                return false;
            }
            left = later;
        }
    }
}
