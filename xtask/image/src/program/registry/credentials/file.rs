//! Files with logins, in the format of Docker, podman and skopeo.

use std::{collections::BTreeMap, iter};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Login, helper};

/// The default registry.
const DOCKER_HUB: &str = "docker.io";

/// Other keys for logins to it.
const NAMES_OF_DOCKER_HUB: [&str; 3] = [
    "https://index.docker.io/v1/",
    "index.docker.io",
    "registry-1.docker.io",
];

/// Base64, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A file of logins. Entries are read when they are needed, so a mistake in one does not concern the others.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct File {
    auths: Option<BTreeMap<String, Value>>,
    cred_helpers: Option<BTreeMap<String, Option<String>>>,
    creds_store: Option<String>,
}

/// An entry of the file. Entries of credential helpers are empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

/// A login that could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// A helper is missing or failed. The registry may need no login.
    Helper(String),
    /// The entry is malformed.
    Entry(String),
}

impl File {
    /// Returns the login for `repository` in `registry`, by the longest matching key: `registry/group/project`, then
    /// `registry/group`, then `registry`.
    pub(super) fn find(&self, registry: &str, repository: &str) -> Result<Option<Login>, Error> {
        let names = names(registry, repository);
        let mut failed = None;
        match self
            .helper(registry, &names)
            .map(|(helper, name)| helper::ask(helper, name))
        {
            Some(Ok(Some(login))) => return Ok(Some(login)),
            Some(Err(error)) => failed = Some(Error::Helper(error)),
            Some(Ok(None)) | None => {}
        }
        for name in &names {
            if let Some(login) = self.entry(name)?.map_or(Ok(None), |entry| entry.login(name))? {
                return Ok(Some(login));
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Returns the helper to ask and the name to ask for: that of the longest key that matches, else the one for all
    /// registries. A helper without a name means that the login is in the file.
    fn helper<'f>(&'f self, registry: &'f str, names: &'f [String]) -> Option<(&'f str, &'f str)> {
        let own = names.iter().find_map(|name| {
            let mut helpers = self.cred_helpers.iter().flatten();
            let (_, helper) = helpers.find(|(key, _)| *key == name || plain(key) == name)?;
            Some((helper.as_deref().unwrap_or_default(), name.as_str()))
        });
        let any = || {
            let name = if registry == DOCKER_HUB {
                NAMES_OF_DOCKER_HUB[0]
            } else {
                registry
            };
            Some((self.creds_store.as_deref()?, name))
        };
        own.or_else(any).filter(|(helper, _)| !helper.is_empty())
    }

    /// Returns the entry with this key, which old clients wrote as a URL.
    fn entry(&self, name: &str) -> Result<Option<Entry>, Error> {
        let Some(entries) = &self.auths else {
            return Ok(None);
        };
        let found = entries.get(name).or_else(|| {
            let mut entries = entries.iter();
            entries
                .find(|(key, _)| plain(key) == name)
                .map(|(_, entry)| entry)
        });
        found
            .filter(|entry| !entry.is_null())
            .map(|entry| Entry::deserialize(entry).map_err(|_| malformed(name)))
            .transpose()
    }
}

/// Returns the error about an entry. The message of the parser may contain a secret.
fn malformed(name: &str) -> Error {
    Error::Entry(format!("the entry of `{name}` is not of the form of a login"))
}

impl Entry {
    fn login(&self, name: &str) -> Result<Option<Login>, Error> {
        let text = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        if let Some(token) = text(&self.identitytoken) {
            return Ok(Some(Login::IdentityToken(token)));
        }
        if let Some(token) = text(&self.registrytoken) {
            return Ok(Some(Login::RegistryToken(token)));
        }
        if let Some(encoded) = text(&self.auth) {
            let login = decode(&encoded).ok_or_else(|| {
                Error::Entry(format!(
                    "`auth` of `{name}` is not a user and a password in Base64"
                ))
            })?;
            return Ok(Some(login));
        }
        Ok(match (text(&self.username), text(&self.password)) {
            (Some(username), Some(password)) => Some(Login::Password { username, password }),
            _ => None,
        })
    }
}

fn decode(encoded: &str) -> Option<Login> {
    // Some programs break the line.
    let encoded: String = encoded.split_whitespace().collect();
    let text = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    // Docker trims these too: old versions wrote padded fields.
    let password = password.trim_end_matches('\0');
    Some(Login::Password {
        username: username.to_owned(),
        password: password.to_owned(),
    })
}

/// Returns the keys for `repository`, the longest first.
fn names(registry: &str, repository: &str) -> Vec<String> {
    let path = format!("{registry}/{repository}");
    let shorter = |path: &String| {
        (path.len() > registry.len()).then(|| path.rsplit_once('/').map_or("", |(rest, _)| rest).to_owned())
    };
    let paths = iter::successors(Some(path), shorter).filter(|path| path.len() >= registry.len());
    let others = NAMES_OF_DOCKER_HUB.iter().filter(|_| registry == DOCKER_HUB);
    paths.chain(others.map(|name| (*name).to_owned())).collect()
}

/// Returns a key without the parts of a URL: `https://registry/v2/` becomes `registry`.
fn plain(key: &str) -> &str {
    let stripped = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let stripped = stripped.trim_end_matches('/');
    ["/v1", "/v2"]
        .iter()
        .find_map(|version| stripped.strip_suffix(version))
        .unwrap_or(stripped)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    fn find(file: &Value, registry: &str, repository: &str) -> Result<Option<Login>, Error> {
        serde_json::from_value::<File>(file.clone())
            .unwrap()
            .find(registry, repository)
    }

    fn password(username: &str, password: &str) -> Result<Option<Login>, Error> {
        Ok(Some(Login::Password {
            username: username.to_owned(),
            password: password.to_owned(),
        }))
    }

    fn auth(text: &str) -> Value {
        json!({ "auth": STANDARD.encode(text) })
    }

    #[test]
    fn longest_key_that_fits_counts() {
        let file = json!({ "auths": {
            "r.io": auth("host:1"), "r.io/group": auth("group:2"), "r.io/group/project": auth("project:3"),
        } });
        assert_eq!(find(&file, "r.io", "group/project"), password("project", "3"));
        assert_eq!(
            find(&file, "r.io", "group/project/deep"),
            password("project", "3")
        );
        assert_eq!(find(&file, "r.io", "group/other"), password("group", "2"));
        assert_eq!(find(&file, "r.io", "groups"), password("host", "1"));
        assert_eq!(find(&file, "r.io:443", "group"), Ok(None));
    }

    #[test]
    fn reads_every_form_of_an_entry() {
        let one = |entry: Value| find(&json!({ "auths": { "r.io": entry } }), "r.io", "a");
        assert_eq!(one(auth("u:p:q\0\0")), password("u", "p:q"));
        assert_eq!(
            one(json!({ "username": "u", "password": "p" })),
            password("u", "p")
        );
        let token = json!({ "auth": STANDARD.encode("0000:"), "identitytoken": "t" });
        assert_eq!(one(token), Ok(Some(Login::IdentityToken("t".to_owned()))));
        assert_eq!(
            one(json!({ "registrytoken": "t" })),
            Ok(Some(Login::RegistryToken("t".to_owned())))
        );
        for encoded in ["dTpwYXNz", "dTpwYX\nNz\r\n", " dTpwYXNz "] {
            assert_eq!(one(json!({ "auth": encoded })), password("u", "pass"));
        }
        assert_eq!(one(json!({ "auth": "dTpw" })), password("u", "p"));
        assert_eq!(one(json!({ "auth": "dTpwYQ" })), password("u", "pa"));
        assert_eq!(
            one(json!({ "auth": "dTpwYQ==", "email": 7 })),
            password("u", "pa")
        );
        assert_eq!(one(json!({})), Ok(None));
        assert_eq!(one(json!(null)), Ok(None));
        assert_eq!(one(json!("hunter2")), Err(malformed("r.io")));
        assert_eq!(find(&json!({ "auths": null }), "r.io", "a"), Ok(None));
        let Err(Error::Entry(error)) = one(json!({ "auth": "hunter2" })) else {
            panic!("it was taken")
        };
        assert!(
            error.contains("`auth` of `r.io`") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn reads_keys_that_are_urls() {
        let file = json!({ "auths": { "https://r.io/v2/": auth("u:p"), "https://index.docker.io/v1/": auth("hub:h") } });
        assert_eq!(find(&file, "r.io", "a"), password("u", "p"));
        assert_eq!(find(&file, "docker.io", "library/a"), password("hub", "h"));
    }

    #[test]
    fn mistakes_elsewhere_in_the_file_do_not_matter() {
        let file = json!({ "auths": { "r.io": auth("u:p"), "a.io": 7, "b.io": { "auth": "?" }, "c.io": null },
            "credHelpers": { "d.io": null }, "HttpHeaders": { "a": "b" }, "currentContext": 1 });
        assert_eq!(find(&file, "r.io", "a"), password("u", "p"));
        assert!(find(&file, "a.io", "a").is_err() && find(&file, "b.io", "a").is_err());
    }

    #[test]
    fn helper_without_a_name_is_the_file() {
        let file = json!({ "credHelpers": { "r.io": "" }, "credsStore": "not-here", "auths": { "r.io": auth("u:p") } });
        assert_eq!(find(&file, "r.io", "a"), password("u", "p"));
        assert!(find(&file, "other.io", "a").is_err());
    }

    #[test]
    fn missing_helper_is_named() {
        let file = json!({ "credHelpers": { "r.io": "not-here" } });
        let Err(Error::Helper(error)) = find(&file, "r.io", "a") else {
            panic!("it was found")
        };
        assert!(error.contains("`docker-credential-not-here`"), "{error}");
        assert_eq!(find(&file, "other.io", "a"), Ok(None));
        let file = json!({ "credHelpers": { "https://r.io/v2/": "not-here" }, "auths": { "r.io": null } });
        assert!(find(&file, "r.io", "a").is_err());
        let file = json!({ "credsStore": "not-here", "auths": { "r.io": auth("u:p") } });
        assert_eq!(find(&file, "r.io", "a"), password("u", "p"));
        assert!(find(&file, "other.io", "a").is_err());
    }
}
