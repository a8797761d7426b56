//! Anthropic's messages.

mod answer;
mod blocks;
mod read;
mod schema;
mod stream;
mod tools;
mod turns;
mod write;

pub(crate) use answer::{read_answer, write_answer};
pub(crate) use blocks::write_input;
pub(crate) use read::request as read_request;
pub(crate) use stream::{StreamReader, StreamWriter};
pub(crate) use write::request as write_request;
