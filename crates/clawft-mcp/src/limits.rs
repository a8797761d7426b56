//! The most that is accepted from a server.

/// The size of a response's body in bytes, or of all that a program writes during an operation.
pub const MAX_RESPONSE: usize = 8 << 20;

/// The number of bytes of an error response that are read.
pub const MAX_ERROR_BODY: usize = 64 << 10;

/// The number of tools of a server. Some providers accept no more than 128 in a request.
pub const MAX_TOOLS: usize = 128;

/// The number of pages of a server's list.
pub const MAX_PAGES: u32 = 32;

/// The length of a tool's name at its server.
pub const MAX_NAME: usize = 128;

/// The size of a tool's description for the model in bytes.
pub const MAX_DESCRIPTION: usize = 4096;

/// The size of a tool's schema in bytes.
pub const MAX_SCHEMA: usize = 32 << 10;

/// The size of a result for the model in bytes, without the note that it was cut.
pub const MAX_RESULT: usize = 64 << 10;

/// The number of warnings about a server's list.
pub const MAX_WARNINGS: usize = 8;

/// The length of a cursor, of a session's id and of a request's id.
pub const MAX_TOKEN: usize = 4096;

/// The size of a header that a tool's argument is copied to.
pub const MAX_HEADER: usize = 4096;
