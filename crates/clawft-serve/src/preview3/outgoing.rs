//! The response to a client.
//!
//! A client that reads too slowly is given up, and one that is gone ends the request to the provider.

use std::time::Duration;

use wasip3::http::types::Fields;

use super::{
    abi,
    body::{self, Writer},
    client::ResponseBody,
    in_time,
};
use crate::answer::{Answer, AnswerBody};

/// The time in which a client has to take the bytes of one write.
const CLIENT_TIME: Duration = Duration::from_secs(60);

/// The number of bytes of one write.
const WRITE_SIZE: usize = 64 * 1024;

/// Returns a response to the host, and writes its body while the host sends it.
pub(super) async fn respond(answer: Answer<ResponseBody>) {
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
    let (response, mut writer) = body::response(&fields);
    let _ = response.set_status_code(answer.status);
    abi::task_return(0, response.take_handle(), 0, 0, 0, 0, 0, 0);
    if !write_body(&mut writer, answer.body).await {
        writer.abort();
    }
}

/// Returns whether all of the body was written.
async fn write_body(writer: &mut Writer, body: AnswerBody<ResponseBody>) -> bool {
    match body {
        AnswerBody::Whole(body) => write(writer, body).await,
        AnswerBody::Stream(mut relay) => {
            while let Some(bytes) = relay.next().await {
                if !write(writer, bytes).await {
                    return false;
                }
            }
            true
        }
    }
}

/// Returns whether the client took the bytes.
async fn write(writer: &mut Writer, bytes: Vec<u8>) -> bool {
    for part in bytes.chunks(WRITE_SIZE) {
        if in_time(CLIENT_TIME, writer.write(part)).await != Some(true) {
            return false;
        }
    }
    true
}
