//! Error bodies.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::{
    json::{self, Node, Writer},
    memory,
};

use crate::{
    dialect::Dialect,
    error::Error,
    path::Path,
    raw::{Field, Raw},
    read::members,
    template::{Slot, fill},
};

/// The kind of an error, by the names and statuses that both companies use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong.
    InvalidRequest,
    /// The key is missing or unknown.
    Authentication,
    /// The account has no credit.
    Billing,
    /// The key may not do this.
    Permission,
    /// There is no such model, response or path.
    NotFound,
    /// The body is too large.
    TooLarge,
    /// Too many requests or tokens.
    RateLimit,
    /// The server failed.
    Server,
    /// The server took too long.
    Timeout,
    /// The server has no capacity.
    Overloaded,
}

/// The kinds with their status, and their names in Anthropic's and OpenAI's bodies.
const KINDS: [(ErrorKind, u16, &str, &str); 10] = [
    (
        ErrorKind::InvalidRequest,
        400,
        "invalid_request_error",
        "invalid_request_error",
    ),
    (
        ErrorKind::Authentication,
        401,
        "authentication_error",
        "authentication_error",
    ),
    (ErrorKind::Billing, 402, "billing_error", "insufficient_quota"),
    (ErrorKind::Permission, 403, "permission_error", "permission_error"),
    (ErrorKind::NotFound, 404, "not_found_error", "not_found_error"),
    (
        ErrorKind::TooLarge,
        413,
        "request_too_large",
        "invalid_request_error",
    ),
    (ErrorKind::RateLimit, 429, "rate_limit_error", "rate_limit_error"),
    (ErrorKind::Server, 500, "api_error", "server_error"),
    (ErrorKind::Timeout, 504, "timeout_error", "timeout_error"),
    (ErrorKind::Overloaded, 529, "overloaded_error", "overloaded_error"),
];

impl ErrorKind {
    /// Returns the kind of an HTTP status.
    pub fn of_status(status: u16) -> ErrorKind {
        let known = KINDS.iter().find(|(_, known, ..)| *known == status);
        match (known, status) {
            (Some((kind, ..)), _) => *kind,
            (None, 408) => ErrorKind::Timeout,
            (None, 503) => ErrorKind::Overloaded,
            (None, 400..500) => ErrorKind::InvalidRequest,
            _ => ErrorKind::Server,
        }
    }

    /// Returns the HTTP status. Anthropic's 529 for a server without capacity is 503 for OpenAI's clients.
    pub fn status(self, dialect: Dialect) -> u16 {
        match (self, dialect) {
            (ErrorKind::Overloaded, Dialect::Chat | Dialect::Responses) => 503,
            _ => self.row().map_or(500, |row| row.1),
        }
    }

    /// Returns the kind of a name in a body.
    pub fn of_name(name: &str) -> Option<ErrorKind> {
        let by_name = |row: &&(_, _, &str, &str)| row.2 == name || row.3 == name;
        let more = match name {
            "rate_limit_exceeded" | "requests" | "tokens" => Some(ErrorKind::RateLimit),
            "invalid_api_key" => Some(ErrorKind::Authentication),
            "model_not_found" => Some(ErrorKind::NotFound),
            _ => None,
        };
        more.or(KINDS.iter().find(by_name).map(|row| row.0))
    }

    pub(crate) fn name(self, dialect: Dialect) -> &'static str {
        let row = self.row();
        row.map_or("", |row| {
            if dialect == Dialect::Messages {
                row.2
            } else {
                row.3
            }
        })
    }

    fn row(self) -> Option<&'static (ErrorKind, u16, &'static str, &'static str)> {
        KINDS.iter().find(|row| row.0 == self)
    }
}

/// An error as a response or an event of a stream reports it.
///
/// ```
/// use clawft_api::{Dialect, ErrorBody};
///
/// let body = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
/// let error = ErrorBody::read(529, body);
/// assert_eq!(
///     String::from_utf8_lossy(&error.write(Dialect::Chat)),
///     r#"{"error":{"message":"Overloaded","type":"overloaded_error","param":null,"code":null}}"#,
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// The kind.
    pub kind: ErrorKind,
    /// The error message.
    pub message: String,
    /// Name of the field that is wrong. Only OpenAI has it.
    pub param: Option<String>,
    /// A more exact name of the error. Only OpenAI has it.
    pub code: Option<String>,
    /// All other members.
    pub extra: Vec<Field>,
}

impl ErrorBody {
    /// Returns an error with a message.
    pub fn new(kind: ErrorKind, message: &str) -> ErrorBody {
        ErrorBody {
            kind,
            message: message.to_string(),
            param: None,
            code: None,
            extra: Vec::new(),
        }
    }

    /// Returns the error of a request that cannot be read or translated.
    pub fn of_request(error: &Error) -> ErrorBody {
        let mut body = ErrorBody::new(ErrorKind::InvalidRequest, &error.to_string());
        if let json::JsonFault::Field { field, .. } = error.fault() {
            body.param = Some(field.clone());
        }
        body
    }

    /// Reads the body of a failed response, of whatever dialect. A body of another form gives an error whose message is
    /// empty, because it may be a page of a proxy.
    pub fn read(status: u16, body: &[u8]) -> ErrorBody {
        let kind = ErrorKind::of_status(status);
        let document = memory::copy(body)
            .map_err(Error::from)
            .and_then(json::parse_owned);
        let read = document
            .as_ref()
            .ok()
            .map(|document| ErrorBody::of_node(Node::root(document)));
        match read.flatten() {
            Some(error) => ErrorBody { kind, ..error },
            None => ErrorBody::new(kind, ""),
        }
    }

    /// Returns the event that ends a stream of `dialect` whose other events come from elsewhere. The event that says
    /// that all is well does not follow, so that a client that overlooks the error notices a missing end.
    pub fn event(&self, dialect: Dialect) -> Vec<u8> {
        let (start, data) = match dialect {
            Dialect::Chat => ("data: ", self.write(dialect)),
            Dialect::Messages => ("event: error\ndata: ", self.write(dialect)),
            Dialect::Responses => ("event: error\ndata: ", self.responses_event()),
        };
        [start.as_bytes(), &*data, b"\n\n"].concat()
    }

    fn responses_event(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        let slots = [
            Slot::Text(&self.message),
            Slot::Maybe(self.param.as_deref()),
            Slot::Maybe(self.code.as_deref()),
        ];
        fill(
            &mut writer,
            r#"{"type":"error","message":$,"param":$,"code":$,"sequence_number":0}"#,
            &slots,
        );
        writer.into_bytes()
    }

    /// Reads an object with the member `error`; `None` for any other value.
    pub(crate) fn of_node(root: Node<'_>) -> Option<ErrorBody> {
        Some(ErrorBody::of_members(root.get("error").or(root.get("detail"))?))
    }

    /// Reads an error's own object, or its message.
    pub(crate) fn of_members(node: Node<'_>) -> ErrorBody {
        let mut error = ErrorBody::new(ErrorKind::Server, node.as_text().unwrap_or_default());
        let mut kinds = [None, None];
        for (key, value) in members(node).ok().into_iter().flatten() {
            let text = value.as_text().map(String::from);
            match (key, text) {
                ("message", Some(text)) => error.message = text,
                ("param", text) => error.param = text,
                ("type", Some(text)) => kinds[1] = ErrorKind::of_name(&text),
                ("code", Some(text)) => {
                    kinds[0] = ErrorKind::of_name(&text);
                    error.code = Some(text);
                }
                ("code", None) => kinds[0] = value.as_whole().and_then(status_kind),
                _ => error.extra.push(Field::new(&Path::ROOT.key("error"), key, value)),
            }
        }
        error.kind = kinds.into_iter().flatten().next().unwrap_or(ErrorKind::Server);
        error
    }

    /// Reads an `error` event of OpenAI Responses, whose members are those of the error itself.
    pub(crate) fn of_event(root: Node<'_>) -> ErrorBody {
        ErrorBody::of_node(root).unwrap_or_else(|| ErrorBody::of_members(root))
    }

    /// Returns the body in `dialect`.
    pub fn write(&self, dialect: Dialect) -> Vec<u8> {
        self.text(dialect).into_bytes()
    }

    /// Returns the body in `dialect` as text.
    pub(crate) fn text(&self, dialect: Dialect) -> String {
        let message = Slot::Text(&self.message);
        let kind = Slot::Text(self.kind.name(dialect));
        let [param, code] = [&self.param, &self.code].map(|text| Slot::Maybe(text.as_deref()));
        let body = Raw::written(|writer| match dialect {
            Dialect::Messages => {
                fill(
                    writer,
                    r#"{"type":"error","error":{"type":$,"message":$}}"#,
                    &[kind, message],
                );
            }
            _ => fill(
                writer,
                r#"{"error":{"message":$,"type":$,"param":$,"code":$}}"#,
                &[message, kind, param, code],
            ),
        });
        body.into_text()
    }
}

fn status_kind(code: u64) -> Option<ErrorKind> {
    u16::try_from(code).ok().map(ErrorKind::of_status)
}
