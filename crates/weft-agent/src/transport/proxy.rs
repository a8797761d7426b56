//! The proxy variables of the environment. reqwest ignores an unusable proxy and connects directly, against the user's
//! intention.

use std::{env, ffi::OsString};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

use crate::error::Error;

/// The variables that name a proxy, in pairs: the first one of a pair that is set counts.
const VARIABLES: [[&str; 2]; 3] = [
    ["ALL_PROXY", "all_proxy"],
    ["HTTP_PROXY", "http_proxy"],
    ["HTTPS_PROXY", "https_proxy"],
];

/// The variables with the hosts that are reached without a proxy.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Returns whether all hosts are reached without a proxy: a `*` is for addresses, too, which reqwest does not know.
/// `env` reads a variable.
pub(super) fn is_off(env: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let value = EXCEPTIONS.iter().find_map(|name| env(name)?.into_string().ok());
    value.is_some_and(|list| list.split(',').any(|host| host.trim() == "*"))
}

/// Returns the proxy through which a URL is reached, for messages: its address without a password, and its variable.
pub(super) fn of(url: &Url) -> Option<String> {
    let env = |name: &str| env::var_os(name);
    if is_off(&env) {
        return None;
    }
    let proxy = Matcher::from_env().intercept(&url.as_str().parse().ok()?)?;
    let address = proxy.uri().authority()?;
    let name = variable(url.scheme(), &env)?;
    Some(format!("the proxy `{address}` of the variable `{name}`"))
}

/// Returns the variable of the proxy for URLs of a scheme.
fn variable(scheme: &str, env: &dyn Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    let [all, http, https] = VARIABLES;
    let own = if scheme == "https" { https } else { http };
    let set = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env(name)?)));
    let filled = |names| set(names).filter(|(_, value)| !value.is_empty());
    filled(own).or_else(|| filled(all)).map(|(name, _)| name)
}

/// Fails if a proxy in the environment cannot be used. `env` reads a variable.
///
/// # Errors
/// Names the variable, but not its value, which may hold a password.
pub(super) fn check(env: &dyn Fn(&str) -> Option<OsString>) -> Result<(), Error> {
    for names in VARIABLES {
        let Some((name, value)) = names.iter().find_map(|name| Some((name, env(name)?))) else {
            continue;
        };
        let usable = value
            .to_str()
            .is_some_and(|proxy| proxy.is_empty() || is_proxy(proxy));
        if !usable {
            let expected = "expected a proxy's address, `http://HOST:PORT` or `https://HOST:PORT`";
            return Err(Error::other(format!("the variable `{name}`: {expected}")));
        }
    }
    Ok(())
}

/// Returns whether `proxy` is the address of an HTTP proxy, with or without a scheme.
fn is_proxy(proxy: &str) -> bool {
    let whole = if proxy.contains("://") {
        proxy.to_owned()
    } else {
        ["http://", proxy].concat()
    };
    Url::parse(&whole).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        && proxy
            .parse::<http::Uri>()
            .is_ok_and(|uri| uri.authority().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.into())
        }
    }

    fn wrong(variables: &[(&str, &str)]) -> Option<String> {
        check(&environment(variables))
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn asterisk_is_for_all_hosts() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("NO_PROXY", "*")], true),
            (&[("no_proxy", " * ")], true),
            (&[("no_proxy", "localhost, *")], true),
            (&[("NO_PROXY", "*.example")], false),
            (&[("NO_PROXY", "localhost"), ("no_proxy", "*")], false),
        ] {
            assert_eq!(is_off(&environment(variables)), expected, "{variables:?}");
        }
    }

    #[test]
    fn variable_of_the_scheme_comes_before_all_proxy() {
        let all = [("ALL_PROXY", "a"), ("http_proxy", "b"), ("HTTPS_PROXY", "")];
        assert_eq!(variable("http", &environment(&all)), Some("http_proxy"));
        assert_eq!(variable("https", &environment(&all)), Some("ALL_PROXY"));
        assert_eq!(variable("https", &environment(&[("HTTP_PROXY", "a")])), None);
    }

    #[test]
    fn accepts_proxies_that_are_usable() {
        for proxy in [
            "",
            "http://proxy.example:3128",
            "https://user:pass@proxy",
            "127.0.0.1:3128",
            "proxy",
            "http://[::1]:1/",
        ] {
            assert_eq!(
                wrong(&[("HTTP_PROXY", proxy), ("https_proxy", proxy)]),
                None,
                "{proxy}"
            );
        }
        assert_eq!(
            wrong(&[("HTTP_PROXY", "http://one"), ("http_proxy", "::")]),
            None,
            "the second one does not count"
        );
        assert_eq!(wrong(&[("NO_PROXY", "::"), ("OTHER_PROXY", "::")]), None);
    }

    #[test]
    fn names_unusable_proxy_without_its_value() {
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            for proxy in [
                "socks5://secret@proxy:1",
                "ftp://proxy",
                "http://",
                "http://secret:secret@",
                "a b",
                "http://proxy:port",
                " ",
            ] {
                let error = wrong(&[(name, proxy)]).unwrap_or_else(|| panic!("{proxy} passes"));
                assert!(
                    error.contains(&format!("`{name}`")) && !error.contains("secret"),
                    "{error}"
                );
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn refuses_proxy_that_is_not_utf8() {
        use std::os::unix::ffi::OsStringExt as _;
        let env = |name: &str| (name == "http_proxy").then(|| OsString::from_vec(vec![b'h', 0xff]));
        assert!(check(&env).is_err());
    }
}
