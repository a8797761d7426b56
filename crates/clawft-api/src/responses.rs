//! OpenAI's Responses.

mod answer;
mod events;
mod items;
mod output;
mod read;
mod references;
mod stream;
mod tools;
mod turns;
mod write;

pub(crate) use answer::{read_answer, write_answer};
pub(crate) use events::StreamReader;
pub(crate) use read::{echo, request as read_request};
pub use references::{item_references, output_items, with_items};
pub(crate) use stream::StreamWriter;
pub(crate) use write::request as write_request;
