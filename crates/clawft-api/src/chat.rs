//! OpenAI's chat completions.

mod answer;
mod content;
mod messages;
mod read;
mod tools;
mod write;

pub(crate) use answer::{read_answer, write_answer};
pub(crate) use read::request as read_request;
pub(crate) use write::request as write_request;
