//! OpenAI's Responses.

mod answer;
mod events;
mod items;
mod output;
mod read;
mod stream;
mod tools;
mod turns;
mod write;

pub(crate) use answer::{read_answer, write_answer};
pub(crate) use events::StreamReader;
pub(crate) use read::request as read_request;
pub(crate) use stream::StreamWriter;
pub(crate) use write::request as write_request;
