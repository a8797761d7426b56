//! Explains errors of registries to someone who wants to push an image.

use oci_client::errors::{OciDistributionError as Error, OciErrorCode};

/// Returns the reason and what to do next, if there is a better text than the error's own. `logged_in` says whether there were
/// credentials for the registry.
pub(super) fn explain(error: &Error, registry: &str, repository: &str, logged_in: bool) -> Option<String> {
    let refused = || {
        Some(if logged_in {
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

/// Returns the innermost cause.
fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}

/// Returns the text of a server as one line of at most 300 characters.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(error: Error, logged_in: bool) -> String {
        explain(&error, "ghcr.io", "clawft/clawft", logged_in).unwrap()
    }

    fn unauthorized() -> Error {
        Error::UnauthorizedError { url: "https://ghcr.io/v2/".to_owned() }
    }

    #[test]
    fn tells_how_to_log_in() {
        assert_eq!(
            explained(unauthorized(), false),
            "not logged in to `ghcr.io`: run `docker login ghcr.io`"
        );
        let denied = Error::ServerError { code: 403, url: String::new(), message: "denied".to_owned() };
        assert!(explained(denied, true).contains("does not let this login write"));
    }

    #[test]
    fn shortens_long_answers_of_servers() {
        let message = format!("<html>\n  {}", "x".repeat(1000));
        let error = Error::ServerError { code: 502, url: String::new(), message };
        let text = explained(error, false);
        assert!(text.starts_with("`ghcr.io` answered 502: <html> xxx") && text.len() < 400, "{text}");
    }
}
