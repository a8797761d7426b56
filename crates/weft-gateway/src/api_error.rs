//! Errors in the shape that OpenAI's clients read.

use super::reply;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clawft_types::json::{JsonError, JsonFault, Writer};

/// Tells OpenAI's clients whether to send a request again. By themselves they do so after every 5xx, and the agent has
/// then tried as often as its configuration says already.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Why a request was not answered: `{"error":{"message":…,"type":…,"param":…,"code":…}}` and a status.
#[derive(Debug)]
pub(super) struct ApiError {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// In words, for people.
    pub(super) message: String,
    /// Which field of the request is wrong, if one is.
    pub(super) param: Option<String>,
    /// What a program can tell it by.
    pub(super) code: Option<&'static str>,
    /// After how many seconds another attempt makes sense, if that is known.
    pub(super) retry_after: Option<u64>,
}

impl ApiError {
    /// An error of `status` that a program can tell by `code`.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { status, message: message.into(), param: None, code: Some(code), retry_after: None }
    }

    /// A request that cannot be understood or followed: 400.
    pub(super) fn invalid(message: impl Into<String>) -> ApiError {
        ApiError {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
            param: None,
            code: None,
            retry_after: None,
        }
    }

    /// Something that does not exist: 404.
    pub(super) fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// Our own fault: 500.
    pub(super) fn internal(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// The same error, blamed on the request's field `param`.
    pub(super) fn at(mut self, param: impl Into<String>) -> ApiError {
        self.param = Some(param.into());
        self
    }

    /// The same error, with the seconds after which to try again.
    pub(super) fn retry_after(mut self, seconds: u64) -> ApiError {
        self.retry_after = Some(seconds);
        self
    }

    /// The body.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| self.write(body));
        writer.into_bytes()
    }

    /// Writes the body's one member.
    pub(super) fn write(&self, body: &mut Writer) {
        body.member("error", |error| {
            error.object(|error| {
                error.text_member("message", &self.message);
                error.text_member("type", self.kind());
                reply::optional_member(error, "param", self.param.as_deref());
                reply::optional_member(error, "code", self.code);
            });
        });
    }

    /// OpenAI's `type`, which follows from the status.
    fn kind(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        }
    }

    /// Whether another attempt may go better. Where it may, the client is told when.
    fn may_pass(&self) -> bool {
        self.retry_after.is_some() || self.status == StatusCode::TOO_MANY_REQUESTS
    }
}

impl From<JsonError> for ApiError {
    fn from(error: JsonError) -> ApiError {
        match error.fault() {
            JsonFault::Field { field, .. } if !field.is_empty() => {
                ApiError::invalid(error.to_string()).at(field.as_str())
            }
            JsonFault::Syntax { .. } => ApiError::invalid(format!("the request's body is {}", words(&error))),
            _ => ApiError::invalid(error.to_string()),
        }
    }
}

/// `not JSON, expected value at line 1, column 2`
fn words(error: &JsonError) -> String {
    match error.fault() {
        JsonFault::Syntax { line, column, message } => {
            format!("not JSON, {message} at line {line}, column {column}")
        }
        _ => error.to_string(),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = reply::json(self.status, self.to_json());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"clawft\""));
        }
        if self.status.is_server_error() && !self.may_pass() {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clawft_types::json;

    #[test]
    fn has_openais_shape() {
        let error = ApiError::invalid("no").at("messages");
        let body =
            r#"{"error":{"message":"no","type":"invalid_request_error","param":"messages","code":null}}"#;
        assert_eq!(String::from_utf8(error.to_json()).unwrap(), body);
    }

    #[test]
    fn says_where_json_is_wrong() {
        let error = ApiError::from(json::parse(b"{\n1").unwrap_err());
        assert_eq!(error.message, "the request's body is not JSON, key must be a string at line 2, column 1");
        assert_eq!(error.param, None);
    }

    #[test]
    fn tells_clients_when_to_try_again() {
        let header = |error: ApiError, name| error.into_response().headers().get(name).cloned();
        let busy = || ApiError::new(StatusCode::TOO_MANY_REQUESTS, "busy", "").retry_after(1);
        assert_eq!(header(busy(), "retry-after").unwrap(), "1");
        assert_eq!(header(busy(), "x-should-retry"), None);
        assert_eq!(header(ApiError::internal(""), "x-should-retry").unwrap(), "false");
        assert_eq!(header(ApiError::not_found(""), "x-should-retry"), None);
    }
}
