//! Errors in the shape of the client's dialect.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use clawft_types::json::{JsonError, JsonFault, Writer};

use super::reply;

/// The header that tells OpenAI's clients whether to retry. By default they retry after every 5xx, although
/// the agent has already retried as configured.
pub(super) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// An error response: a status, and `{"error":{"message":…,"type":…,"param":…,"code":…}}`.
#[derive(Debug)]
pub(super) struct ApiError {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// The message for people.
    pub(super) message: String,
    /// The field of the request that is wrong.
    pub(super) param: Option<String>,
    /// The code for programs.
    pub(super) code: Option<&'static str>,
    /// The number of seconds to wait before a retry, if it is known.
    pub(super) retry_after: Option<u64>,
    /// Whether the gateway itself has sent the request more than once.
    pub(super) repeated: bool,
}

impl ApiError {
    /// Returns an error with `status` and `code`.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError {
            status,
            message: message.into(),
            param: None,
            code: Some(code),
            retry_after: None,
            repeated: false,
        }
    }

    /// Returns an error for an invalid request: 400.
    pub(super) fn invalid(message: impl Into<String>) -> ApiError {
        ApiError {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
            param: None,
            code: None,
            retry_after: None,
            repeated: false,
        }
    }

    /// Returns an error for something that does not exist: 404.
    pub(super) fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// Returns an error of the gateway itself: 500.
    pub(super) fn internal(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// Returns the error with the field `param`.
    pub(super) fn at(mut self, param: impl Into<String>) -> ApiError {
        self.param = Some(param.into());
        self
    }

    /// Returns the error with the number of seconds to wait before a retry.
    pub(super) fn retry_after(mut self, seconds: u64) -> ApiError {
        self.retry_after = Some(seconds);
        self
    }

    /// Returns the body.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| self.write(body));
        writer.into_bytes()
    }

    /// Returns the body in Anthropic's shape.
    pub(super) fn to_anthropic(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| {
            body.text_member("type", "error");
            body.member("error", |error| {
                error.object(|error| {
                    error.text_member("type", self.anthropic_kind());
                    error.text_member("message", &self.message);
                    if self.param.as_deref() == Some("thread") {
                        error.member("details", |writer| writer.object(thread_unsupported));
                    }
                });
            });
        });
        writer.into_bytes()
    }

    /// Writes the member of the body.
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

    /// Writes the members of OpenAI's event `error`.
    pub(super) fn write_members(&self, event: &mut Writer) {
        event.text_member("message", &self.message);
        reply::optional_member(event, "param", self.param.as_deref());
        reply::optional_member(event, "code", self.code);
    }

    /// Returns Anthropic's `type`, which follows from the status.
    fn anthropic_kind(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            503 | 529 => "overloaded_error",
            504 => "timeout_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        }
    }

    /// Returns OpenAI's `type`, which follows from the status.
    fn kind(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        }
    }

    /// Returns whether a retry may succeed. If so, the client is told when.
    fn is_temporary(&self) -> bool {
        self.retry_after.is_some() || self.status == StatusCode::TOO_MANY_REQUESTS
    }
}

impl From<JsonError> for ApiError {
    fn from(error: JsonError) -> ApiError {
        match error.fault() {
            JsonFault::Field { field, .. } if !field.is_empty() => {
                ApiError::invalid(error.to_string()).at(field.as_str())
            }
            JsonFault::Syntax { .. } => {
                ApiError::invalid(format!("the request's body is {}", message(&error)))
            }
            _ => ApiError::invalid(error.to_string()),
        }
    }
}

/// Returns the message: `not JSON, expected value at line 1, column 2`.
fn message(error: &JsonError) -> String {
    match error.fault() {
        JsonFault::Syntax {
            line,
            column,
            message,
        } => {
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
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"clawft\""),
            );
        }
        if self.repeated || self.status.is_server_error() && !self.is_temporary() {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Changes an error response of the gateway to Anthropic's shape.
pub(super) async fn in_anthropics_shape(request: Request, next: Next) -> Response {
    anthropics_shape(next.run(request).await)
}

/// Returns a response whose body is in Anthropic's shape if it is an error of the gateway.
pub(super) fn anthropics_shape(mut response: Response) -> Response {
    if let Some(error) = response.extensions_mut().remove::<Arc<ApiError>>() {
        *response.body_mut() = Body::from(error.to_anthropic());
    }
    response
}

/// Writes the details of an error about `thread`, a conversation that the provider holds. Because of them Anthropic's
/// clients send the whole conversation instead.
fn thread_unsupported(details: &mut Writer) {
    details.text_member("error_code", "thread_unsupported_request");
    details.member("unsupported", |list| list.array(["thread"], Writer::text));
}

#[cfg(test)]
mod tests {
    use clawft_types::json;

    use super::*;

    #[test]
    fn clients_learn_that_threads_are_not_supported() {
        let error = ApiError::invalid("thread: no").at("thread");
        let expected = r#"{"type":"error","error":{"type":"invalid_request_error","message":"thread: no","details":{"error_code":"thread_unsupported_request","unsupported":["thread"]}}}"#;
        assert_eq!(String::from_utf8(error.to_anthropic()).unwrap(), expected);
    }

    #[test]
    fn error_has_openais_shape() {
        let error = ApiError::invalid("no").at("messages");
        let body =
            r#"{"error":{"message":"no","type":"invalid_request_error","param":"messages","code":null}}"#;
        assert_eq!(String::from_utf8(error.to_json()).unwrap(), body);
    }

    #[test]
    fn names_position_of_broken_json() {
        let error = ApiError::from(json::parse(b"{\n1").unwrap_err());
        assert_eq!(
            error.message,
            "the request's body is not JSON, key must be a string at line 2, column 1"
        );
        assert_eq!(error.param, None);
    }

    #[test]
    fn temporary_errors_say_when_to_retry() {
        let header = |error: ApiError, name| error.into_response().headers().get(name).cloned();
        let busy = || ApiError::new(StatusCode::TOO_MANY_REQUESTS, "busy", "").retry_after(1);
        assert_eq!(header(busy(), "retry-after").unwrap(), "1");
        assert_eq!(header(busy(), "x-should-retry"), None);
        assert_eq!(header(ApiError::internal(""), "x-should-retry").unwrap(), "false");
        assert_eq!(header(ApiError::not_found(""), "x-should-retry"), None);
    }
}
