//! Errors of providers, with the address and the next thing to check.

use alloc::{borrow::ToOwned as _, string::String};
use core::time::Duration;

use clawft_types::{
    join,
    search::{contains, find},
    text::Ascii as _,
};

use crate::{
    answer::Failure,
    error::{Target, TurnError},
    key::Key,
    redact, retry,
};

/// The next thing to check for an error status: the statuses, and a sentence fragment.
const ADVICE: [(&[u16], &str); 7] = [
    (&[400, 422], "check the model and its settings under `agents`"),
    (&[402], "check the balance of the account"),
    (&[403], "check the rights of the account"),
    (&[408, 504, 524], "try again later, or raise `timeout_secs`"),
    (&[413], "shorten the conversation, or lower `context_tokens`"),
    (&[429], "check the limits of the account, or try again later"),
    (&[300, 301, 302, 303, 307, 308], "check `api_base`"),
];

/// Parts of a message that is about the key.
const ABOUT_KEY: &str = "api key,api-key,api_key,apikey,invalid key,invalid token,access token,security token,\
    credential,subscription key";

/// The request that a response answers.
pub(crate) struct Request<'a> {
    /// The provider's name in the configuration.
    pub(crate) provider: &'a str,
    /// The provider's `api_base`.
    pub(crate) base: &'a str,
    /// The address of the request.
    pub(crate) url: &'a str,
    pub(crate) key: &'a Key,
    /// The number of attempts.
    pub(crate) attempts: u32,
}

impl Request<'_> {
    /// Returns the error for a response with an error status, or with an error in place of an answer.
    pub(crate) fn failure(&self, status: u16, retry_after: Option<Duration>, failure: Failure) -> TurnError {
        let message = self.redact(&failure.message);
        let target = self.target();
        let is_key = status == 401
            || matches!(status, 400 | 403) && (failure.status == Some(401) || holds_any(&message, ABOUT_KEY));
        if is_key {
            return TurnError::InvalidKey {
                target,
                source: self.key.source.clone(),
                status,
                message,
            };
        }
        TurnError::Provider {
            advice: self.advice(status, &message),
            target,
            status,
            message,
            attempts: self.attempts,
            retry_after: retry_after
                .or(failure.delay)
                .filter(|_| retry::worthwhile(status)),
        }
    }

    /// Returns the next thing to check, as a sentence fragment.
    fn advice(&self, status: u16, message: &str) -> String {
        let (_, appended) = self.appended();
        if status == 404 && !holds_any(message, "model,deployment") && !appended.is_empty() {
            let base = self.base;
            let versioned = base.pieces(b'/').any(is_version);
            let more = if versioned {
                ""
            } else {
                ", which may lack `/v1` at its end"
            };
            return join!("check `api_base`, to which `", appended, "` was appended", more);
        }
        let known = ADVICE.iter().find(|(statuses, _)| statuses.contains(&status));
        let advice = match (known, status) {
            (Some((_, advice)), _) => advice,
            (None, 404) => "check `model`",
            (None, 200..=299 | 500..=599) => "try again later",
            (None, _) => "check `api_base` and `kind`",
        };
        advice.to_owned()
    }

    /// Returns the provider and the address, as errors name them.
    pub(crate) fn target(&self) -> Target {
        let (url, _) = self.appended();
        Target {
            provider: self.provider.to_owned(),
            url: self.redact(url),
        }
    }

    /// Returns the URL without its scheme and its query, and its part after `api_base`.
    fn appended(&self) -> (&str, &str) {
        let url = self.url.pieces(b'?').next().unwrap_or_default();
        let appended = url.strip_prefix(self.base);
        let scheme = find(url, "://").map_or(0, |at| at + 3);
        let shown = url.get(scheme..).unwrap_or_default();
        (shown, appended.unwrap_or_default())
    }

    /// Returns a text of the provider as one line without the key.
    pub(crate) fn redact(&self, text: &str) -> String {
        redact::one_line(text, self.key.secret.as_ref())
    }
}

/// Returns whether `message` holds one of `parts`, which are in lower case and separated by commas.
fn holds_any(message: &str, parts: &str) -> bool {
    let message = message.to_ascii_lowercase();
    parts.pieces(b',').any(|part| contains(&message, part))
}

/// Returns whether a part of a path is a version: `v1`, `v1beta`.
fn is_version(part: &str) -> bool {
    let digit = part.strip_prefix("v").and_then(|rest| rest.bytes().next());
    digit.is_some_and(|digit| digit.is_ascii_digit())
}
