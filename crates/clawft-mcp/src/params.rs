//! Arguments of a call that are also sent as headers: the schema's `x-mcp-header`, for servers of the newest
//! revision behind a URL. WebAssembly builds leave this out, because such servers are rare and the code is a tenth of
//! the client.

#[cfg(not(target_family = "wasm"))]
mod full;
#[cfg(not(target_family = "wasm"))]
pub(crate) use full::{Param, encoded, read};

#[cfg(target_family = "wasm")]
mod none;
#[cfg(target_family = "wasm")]
pub(crate) use none::{Param, encoded, read};
