//! Answers as the providers send them, and the answer that a client makes of a stream.

// Each test uses a part of this.
#![allow(dead_code)]

pub(crate) mod fold;
pub(crate) mod parts;
