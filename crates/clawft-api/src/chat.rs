//! OpenAI's chat completions.

mod answer;
mod calls;
mod chunks;
mod content;
mod errors;
mod messages;
mod read;
mod stream;
mod tools;
mod write;

pub(crate) use answer::{read_answer, write_answer};
pub(crate) use calls::call_position;
pub(crate) use chunks::StreamReader;
pub(crate) use errors::{error, error_of_choice};
pub(crate) use messages::error_prefix;
pub(crate) use read::{format as read_format, request as read_request};
pub(crate) use stream::StreamWriter;
pub(crate) use tools::{read as read_tool, read_choice};
pub(crate) use write::request as write_request;
