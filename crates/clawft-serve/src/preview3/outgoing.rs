//! The response to a client.
//!
//! A client that reads too slowly is given up, and one that is gone ends the request to the provider.

use std::{pin::pin, time::Duration};

use wasip3::http::types::Fields;

use super::{
    abi,
    body::{self, Writer},
    client::ResponseBody,
    in_time,
};
use crate::{
    relay::{COMMENTS, Relay},
    reply::{Answer, AnswerBody},
};

/// The time in which a client has to take the bytes of one write.
const CLIENT_TIME: Duration = Duration::from_secs(60);

/// The number of bytes of one write.
const WRITE_SIZE: usize = 64 * 1024;

/// The status of a response for which none is set.
const OK: u16 = 200;

/// Returns a response to the host, and writes its body while the host sends it.
pub(super) async fn respond(answer: Answer<ResponseBody>) {
    let mut headers = answer.headers;
    if let AnswerBody::Whole(body) = &answer.body {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let (response, mut writer) = body::response(&fields(headers));
    if answer.status != OK {
        let _ = response.set_status_code(answer.status);
    }
    abi::task_return(0, response.take_handle(), 0, 0, 0, 0, 0, 0);
    if !write_body(&mut writer, answer.body).await {
        writer.abort();
    }
}

fn fields(headers: Vec<(String, String)>) -> Fields {
    let headers = headers.into_iter();
    let headers: Vec<_> = headers.map(|(name, value)| (name, value.into_bytes())).collect();
    Fields::from_list(&headers).unwrap_or_else(|_| {
        let fields = Fields::new();
        for (name, value) in &headers {
            // A header that the host does not let be set is less than an answer.
            let _ = fields.append(name, value);
        }
        fields
    })
}

/// Returns whether all of the body was written.
async fn write_body(writer: &mut Writer, body: AnswerBody<ResponseBody>) -> bool {
    match body {
        AnswerBody::Whole(body) => write(writer, &body).await,
        AnswerBody::Stream(mut relay) => pass_on(writer, &mut relay).await,
    }
}

/// Writes what arrives, and comments while nothing does. Returns whether all of it was written.
async fn pass_on(writer: &mut Writer, relay: &mut Relay<ResponseBody>) -> bool {
    loop {
        let comment = relay.comment();
        let mut next = pin!(relay.next());
        let bytes = loop {
            match in_time(COMMENTS, next.as_mut()).await {
                Some(bytes) => break bytes,
                None if write(writer, comment).await => {}
                None => return false,
            }
        };
        match bytes {
            Some(bytes) if write(writer, &bytes).await => {}
            Some(_) => return false,
            None => return true,
        }
    }
}

/// Returns whether the client took the bytes.
async fn write(writer: &mut Writer, bytes: &[u8]) -> bool {
    for part in bytes.chunks(WRITE_SIZE) {
        if in_time(CLIENT_TIME, writer.write(part)).await != Some(true) {
            return false;
        }
    }
    true
}
