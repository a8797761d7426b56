//! Errors in the shape of the client's dialect.

use std::time::Duration;

use clawft_api::{Dialect, Error, ErrorBody, ErrorKind, upstream::status_and_code};
use clawft_core::TurnError;
use clawft_types::json::JsonFault;

/// A request that has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The code for programs.
    pub code: &'static str,
    /// The message for people.
    pub message: String,
    /// The field of the request that is wrong.
    pub param: Option<String>,
    /// The time to wait before a retry, if it is known.
    pub retry_after: Option<Duration>,
    /// Whether the request was sent more than once already.
    pub repeated: bool,
    /// The methods that the path has, if the request's is none of them.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// Returns an error with `status` and `code`.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            code,
            message: message.into(),
            param: None,
            retry_after: None,
            repeated: false,
            allow: None,
        }
    }

    /// Returns the error of a request that is wrong.
    pub(crate) fn of_request(error: &Error) -> Refusal {
        let mut refusal = Refusal::new(400, "bad_request", error.to_string());
        match error.fault() {
            JsonFault::Field { field, .. } if !field.is_empty() => refusal.param = Some(field.clone()),
            JsonFault::Syntax {
                line,
                column,
                message,
            } => {
                refusal.message =
                    format!("the request's body is not JSON, {message} at line {line}, column {column}");
            }
            _ => {}
        }
        refusal
    }

    /// Returns the error of a provider.
    pub(crate) fn of_turn(error: &TurnError) -> Refusal {
        let (status, code) = status_and_code(error);
        let mut refusal = Refusal::new(status, code, error.to_string());
        if let TurnError::Provider {
            retry_after,
            attempts,
            ..
        } = error
        {
            refusal.retry_after = *retry_after;
            refusal.repeated = *attempts > 1;
        }
        refusal
    }

    /// Returns the body.
    pub(crate) fn body(&self) -> ErrorBody {
        let mut body = ErrorBody::new(ErrorKind::of_status(self.status), &self.message);
        body.param.clone_from(&self.param);
        body.code = Some(self.code.to_owned());
        body
    }

    /// Returns the event that ends a stream.
    pub(crate) fn event(&self, dialect: Dialect) -> Vec<u8> {
        self.body().event(dialect)
    }

    /// Returns the headers beside those of every JSON response.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        if let Some(time) = self.retry_after {
            let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
            add("retry-after", seconds.to_string());
        }
        if self.status == 401 {
            add("www-authenticate", "Bearer realm=\"clawft\"".to_owned());
        }
        if let Some(methods) = self.allow {
            add("allow", methods.to_owned());
        }
        let is_temporary = self.retry_after.is_some() || self.status == 429;
        if self.repeated || self.status >= 500 && !is_temporary {
            add("x-should-retry", "false".to_owned());
        }
        headers
    }
}
