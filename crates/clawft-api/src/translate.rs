//! Requests and answers, read from the dialects and written in them, as far as the build has them.

use alloc::vec::Vec;

use clawft_types::{
    json::{self, Node, Writer},
    memory,
};

use crate::{
    answer::Answer,
    chat,
    context::Context,
    dialect::Dialect,
    error::{Error, unbuilt},
    messages,
    options::Options,
    request::Request,
    responses,
    written::{Translation, Written},
};

impl Request {
    /// Parses a body. Fails if it is not JSON, or a known field has another type than the dialect says.
    pub fn read(dialect: Dialect, body: &[u8]) -> Result<Request, Error> {
        Request::read_owned(dialect, memory::copy(body)?)
    }

    /// Does the same as [`Request::read`] without a copy of the body.
    pub fn read_owned(dialect: Dialect, body: Vec<u8>) -> Result<Request, Error> {
        let document = json::parse_owned(body)?;
        let root = Node::root(&document);
        match dialect {
            Dialect::Chat if cfg!(feature = "client-chat") => chat::read_request(root),
            Dialect::Messages if cfg!(feature = "client-messages") => messages::read_request(root),
            Dialect::Responses if cfg!(feature = "client-responses") => responses::read_request(root),
            _ => Err(unbuilt()),
        }
    }

    /// Returns the body of the same request in `dialect`. Fails if a field has no counterpart there.
    pub fn write(&self, dialect: Dialect, options: &Options) -> Result<Written, Error> {
        match dialect {
            Dialect::Chat if cfg!(feature = "provider-chat") => chat::write_request(self, options),
            Dialect::Responses if cfg!(feature = "provider-responses") => {
                responses::write_request(self, options)
            }
            Dialect::Messages if cfg!(feature = "provider-messages") => {
                messages::write_request(self, options)
            }
            _ => Err(unbuilt()),
        }
    }
}

impl Answer {
    /// Parses the body of a successful response. Fails if it is not an answer of `dialect`.
    pub fn read(dialect: Dialect, body: &[u8]) -> Result<Answer, Error> {
        let document = json::parse_owned(memory::copy(body)?)?;
        let root = Node::root(&document);
        match dialect {
            Dialect::Chat if cfg!(feature = "provider-chat") => chat::read_answer(root),
            Dialect::Messages if cfg!(feature = "provider-messages") => messages::read_answer(root),
            Dialect::Responses if cfg!(feature = "provider-responses") => responses::read_answer(root),
            _ => Err(unbuilt()),
        }
    }

    /// Returns the body of the same answer in `dialect`. Members without a counterpart become warnings.
    pub fn write(&self, dialect: Dialect, context: &Context) -> Result<Written, Error> {
        let mut to = Translation::lenient(self.dialect, dialect);
        let mut writer = Writer::with_capacity(self.size())?;
        let answer = context.restore(self);
        match dialect {
            Dialect::Chat if cfg!(feature = "client-chat") => {
                chat::write_answer(&answer, context, &mut to, &mut writer)
            }
            Dialect::Messages if cfg!(feature = "client-messages") => {
                messages::write_answer(&answer, context, &mut to, &mut writer)
            }
            Dialect::Responses if cfg!(feature = "client-responses") => {
                responses::write_answer(&answer, context, &mut to, &mut writer)
            }
            _ => return Err(unbuilt()),
        }
        to.finish(writer)
    }
}
