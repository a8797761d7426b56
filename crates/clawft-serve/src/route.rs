//! The paths of the API.

use clawft_api::Dialect;

use crate::refusal::Refusal;

/// A path of the API that is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Api {
    /// The path below a provider's address.
    pub(crate) path: &'static str,
    /// The dialect of requests and answers.
    pub(crate) dialect: Dialect,
    /// Whether other providers are asked in their own dialect.
    pub(crate) translated: bool,
}

/// A request's destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `GET /healthz`.
    Health,
    /// `GET /readyz`.
    Ready,
    /// `GET /v1/models`.
    Models,
    /// `GET /v1/models/NAME`.
    Model(String),
    /// `POST`, passed on to a provider.
    Pass(Api),
}

const fn api(path: &'static str, dialect: Dialect, translated: bool) -> Api {
    Api {
        path,
        dialect,
        translated,
    }
}

/// The paths that are passed on, below `/v1/`.
const APIS: [Api; 6] = [
    api("chat/completions", Dialect::Chat, cfg!(feature = "chat")),
    api("completions", Dialect::Chat, false),
    api("embeddings", Dialect::Chat, false),
    api("responses", Dialect::Responses, cfg!(feature = "responses")),
    api("messages", Dialect::Messages, cfg!(feature = "messages")),
    api("messages/count_tokens", Dialect::Messages, false),
];

/// Returns the dialect of the errors below a path.
pub(crate) fn dialect(path: &str) -> Dialect {
    let below = path.strip_prefix("/v1/").unwrap_or_default();
    match below.split('/').next() {
        Some("messages") => Dialect::Messages,
        Some("responses") => Dialect::Responses,
        _ => Dialect::Chat,
    }
}

/// Returns the destination of a request.
///
/// # Errors
/// 404 for an unknown path, 405 for an unknown method.
pub(crate) fn route(method: &str, path: &str) -> Result<Route, Refusal> {
    let (route, is_post) =
        find(path).ok_or_else(|| Refusal::new(404, "not_found", "there is no such path"))?;
    let fits = match method {
        "POST" => is_post,
        "GET" | "HEAD" => !is_post,
        _ => false,
    };
    if fits {
        return Ok(route);
    }
    let message = "this path does not support this method";
    let mut refusal = Refusal::new(405, "method_not_allowed", message);
    refusal.allow = Some(if is_post { "POST" } else { "GET, HEAD" });
    Err(refusal)
}

fn find(path: &str) -> Option<(Route, bool)> {
    match path {
        "/healthz" => return Some((Route::Health, false)),
        "/readyz" => return Some((Route::Ready, false)),
        "/v1/models" => return Some((Route::Models, false)),
        _ => {}
    }
    let below = path.strip_prefix("/v1/")?;
    if let Some(name) = below.strip_prefix("models/") {
        return Some((Route::Model(decoded(name)), false));
    }
    let api = APIS.iter().find(|api| api.path == below)?;
    Some((Route::Pass(*api), true))
}

/// Returns a path's end without its percent-encoding. What is not UTF-8 is no model's name.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = |at: usize| char::from(*more.get(at)?).to_digit(16);
        rest = more;
        let byte = match (*first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                rest = more.get(2..).unwrap_or_default();
                u8::try_from(high * 16 + low).unwrap_or(*first)
            }
            _ => *first,
        };
        bytes.push(byte);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_paths_and_methods() {
        let status = |method, path| route(method, path).map_or_else(|refusal| refusal.status, |_| 200);
        for (method, path, expected) in [
            ("GET", "/healthz", 200),
            ("HEAD", "/healthz", 200),
            ("POST", "/healthz", 405),
            ("GET", "/v1/models", 200),
            ("GET", "/v1/models/a/b", 200),
            ("POST", "/v1/chat/completions", 200),
            ("GET", "/v1/chat/completions", 405),
            ("DELETE", "/v1/messages", 405),
            ("POST", "/v1/messages/count_tokens", 200),
            ("POST", "/chat/completions", 404),
            ("GET", "/", 404),
            ("GET", "", 404),
        ] {
            assert_eq!(status(method, path), expected, "{method} {path}");
        }
        let methods =
            |method, path| route(method, path).map_or_else(|refusal| refusal.headers(), |_| Vec::new());
        let allow = |methods: &str| vec![("allow".to_owned(), methods.to_owned())];
        assert_eq!(methods("POST", "/v1/models"), allow("GET, HEAD"));
        assert_eq!(methods("GET", "/v1/messages"), allow("POST"));
        let model = route("GET", "/v1/models/a%2Fb%zz%C3%A9%").ok();
        assert_eq!(model, Some(Route::Model("a/b%zzé%".to_owned())));
    }

    #[test]
    fn errors_have_the_dialect_of_the_path() {
        assert_eq!(dialect("/v1/messages/nothing"), Dialect::Messages);
        assert_eq!(dialect("/v1/responses"), Dialect::Responses);
        assert_eq!(dialect("/v1/messagesx"), Dialect::Chat);
        assert_eq!(dialect("/"), Dialect::Chat);
    }
}
