//! What went wrong, for someone who wants to push an image.

use oci_client::errors::{OciDistributionError as Error, OciErrorCode};

/// `error` in words with what to do next, where there are better ones than its own.
///
/// `known` says whether we had told the registry who we are.
pub(crate) fn of(error: &Error, registry: &str, repository: &str, known: bool) -> Option<String> {
    let refused = || {
        Some(if known {
            format!(
                "`{registry}` does not let this login write to or read from `{repository}`: \
                 check its rights, or run `docker login {registry}` again"
            )
        } else {
            format!("not logged in to `{registry}`: run `docker login {registry}`")
        })
    };
    match error {
        Error::AuthenticationFailure(_) | Error::UnauthorizedError { .. } => refused(),
        Error::ServerError { code: 401 | 403, .. } => refused(),
        Error::ServerError { code, message, .. } => {
            Some(format!("`{registry}` answered {code}: {}", one_line(message)))
        }
        Error::RegistryError { envelope, .. } => {
            let denied =
                |code: &OciErrorCode| matches!(code, OciErrorCode::Unauthorized | OciErrorCode::Denied);
            if envelope.errors.iter().any(|error| denied(&error.code)) {
                return refused();
            }
            let said: Vec<&str> = envelope.errors.iter().map(|error| error.message.as_str()).collect();
            Some(format!("`{registry}` answered: {}", said.join(", ")))
        }
        Error::RequestError(error)
            if error.status().is_some_and(|status| matches!(status.as_u16(), 401 | 403)) =>
        {
            refused()
        }
        Error::RequestError(error) if error.is_connect() || error.is_timeout() => {
            Some(format!("could not reach `{registry}`: {}", innermost(error)))
        }
        _ => None,
    }
}

/// The cause of all causes.
fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}

/// What a server said, as far as one line goes.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(error: Error, known: bool) -> String {
        of(&error, "ghcr.io", "clawft/clawft", known).unwrap()
    }

    fn unauthorized() -> Error {
        Error::UnauthorizedError { url: "https://ghcr.io/v2/".to_owned() }
    }

    #[test]
    fn who_is_not_logged_in_is_told_how_to() {
        assert_eq!(words(unauthorized(), false), "not logged in to `ghcr.io`: run `docker login ghcr.io`");
        let denied = Error::ServerError { code: 403, url: String::new(), message: "denied".to_owned() };
        assert!(words(denied, true).contains("does not let this login write"));
    }

    #[test]
    fn what_a_server_says_is_kept_short() {
        let message = format!("<html>\n  {}", "x".repeat(1000));
        let error = Error::ServerError { code: 502, url: String::new(), message };
        let words = words(error, false);
        assert!(words.starts_with("`ghcr.io` answered 502: <html> xxx") && words.len() < 400, "{words}");
    }
}
