//! The response to a client.
//!
//! A client that reads too slowly is given up, and one that is gone ends the request to the provider.

use super::client::ResponseBody;
use super::in_time;
use crate::answer::{Answer, AnswerBody};
use std::time::Duration;
use wasip3::http::types::{ErrorCode, Fields, Response};
use wasip3::wit_bindgen::StreamWriter;
use wasip3::{spawn_local, wit_future, wit_stream};

/// The time in which a client has to take the bytes of one write.
const CLIENT_TIME: Duration = Duration::from_secs(60);

/// The number of bytes of one write.
const WRITE_SIZE: usize = 64 * 1024;

/// Returns a response, whose body is written while the host sends it.
pub(super) fn response(answer: Answer<ResponseBody>) -> Response {
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
    let (mut writer, contents) = wit_stream::new();
    let (end, trailers) = wit_future::new(|| Ok(None));
    let (response, _) = Response::new(fields, Some(contents), trailers);
    let _ = response.set_status_code(answer.status);
    spawn_local(async move {
        let is_complete = write_body(&mut writer, answer.body).await;
        if !is_complete {
            // The client has to notice that the response is not complete.
            let _ = end.write(Err(ErrorCode::InternalError(None))).await;
        }
    });
    response
}

/// Returns whether all of the body was written.
async fn write_body(writer: &mut StreamWriter<u8>, body: AnswerBody<ResponseBody>) -> bool {
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
async fn write(writer: &mut StreamWriter<u8>, mut bytes: Vec<u8>) -> bool {
    while !bytes.is_empty() {
        let later = bytes.split_off(bytes.len().min(WRITE_SIZE));
        let written = in_time(CLIENT_TIME, writer.write_all(bytes)).await;
        if !written.is_some_and(|left| left.is_empty()) {
            return false;
        }
        bytes = later;
    }
    true
}
