//! `tools`: the part of the configuration that names the tools to offer.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use clawft_core::Method;
use clawft_types::{
    join,
    json::{JsonError, Node},
};

use crate::{
    fetch::{FetchSettings, Origin},
    permissions::Permissions,
};

const DEFAULT_MAX_BYTES: u64 = 1_000_000;
const MAX_MAX_BYTES: u64 = 100_000_000;
const DEFAULT_TIMEOUT_SECS: u64 = 30;
const MAX_TIMEOUT_SECS: u64 = 600;

/// The methods of `fetch`.
const METHODS: [Method; 5] = [
    Method::Get,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
];

/// `tools`: the tools to offer. Without it, none is offered.
///
/// ```
/// use clawft_tools::{Permission, Settings};
/// use clawft_types::json::{self, Node};
///
/// # fn main() -> Result<(), json::JsonError> {
/// let config = json::parse(br#"{"tools": {"files": {"write": true}, "fetch": {"allow": ["https://api.example.com"]},
///     "notes": true, "permissions": {"write_file": "allow", "mcp.github.*": "deny"}}}"#)?;
/// let settings = Settings::read(Node::root(&config).get("tools"))?;
/// assert!(settings.files.is_some_and(|files| files.write) && settings.notes && !settings.run_command);
/// assert_eq!(settings.permissions.of("mcp.github.create_issue", Permission::Ask), Permission::Deny);
///
/// let config = json::parse(br#"{"tools": {"fetch": {"allow": ["example.com"]}}}"#)?;
/// let error = Settings::read(Node::root(&config).get("tools")).unwrap_err();
/// assert!(error.to_string().starts_with("tools.fetch.allow.0: expected an origin"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `files`: the tools for files are offered if it is there.
    pub files: Option<FileSettings>,
    /// `fetch`: offered if it is there.
    pub fetch: Option<Arc<FetchSettings>>,
    /// `notes`: whether `remember` and `recall` are offered.
    pub notes: bool,
    /// `run_command`: whether it is offered where the platform can run commands and ask the user.
    pub run_command: bool,
    /// `permissions`.
    pub permissions: Permissions,
}

/// `tools.files`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// `write`: whether files may be written, edited and deleted. False by default.
    pub write: bool,
}

impl Settings {
    /// Reads the object; without one, nothing is offered. Errors name the field.
    ///
    /// # Errors
    /// On wrong types and values.
    pub fn read(tools: Option<Node<'_>>) -> Result<Settings, JsonError> {
        let Some(tools) = tools else {
            return Ok(Settings::default());
        };
        tools.object()?;
        let part = |key: &str| {
            let node = tools.get(key);
            node.map(|node| node.object().map(|()| node)).transpose()
        };
        Ok(Settings {
            files: match part("files")? {
                Some(files) => Some(FileSettings {
                    write: flag(files, "write")?,
                }),
                None => None,
            },
            fetch: part("fetch")?.map(fetch).transpose()?.map(Arc::new),
            notes: flag(tools, "notes")?,
            run_command: flag(tools, "run_command")?,
            permissions: match tools.get("permissions") {
                Some(permissions) => Permissions::read(permissions)?,
                None => Permissions::default(),
            },
        })
    }
}

fn fetch(node: Node<'_>) -> Result<FetchSettings, JsonError> {
    let mut allow = Vec::new();
    for origin in node.require("allow")?.items()? {
        allow.push(Origin::read(origin)?);
    }
    let mut methods = Vec::new();
    match node.get("methods") {
        None => methods.push(Method::Get),
        Some(names) => {
            for name in names.items()? {
                methods.push(
                    method(name.text()?)
                        .ok_or_else(|| name.error("expected `GET`, `POST`, `PUT`, `PATCH` or `DELETE`"))?,
                );
            }
        }
    }
    let max_bytes = whole(node, "max_bytes", MAX_MAX_BYTES, DEFAULT_MAX_BYTES)?;
    Ok(FetchSettings {
        allow,
        methods,
        max_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX),
        timeout: Duration::from_secs(whole(
            node,
            "timeout_secs",
            MAX_TIMEOUT_SECS,
            DEFAULT_TIMEOUT_SECS,
        )?),
    })
}

/// Returns the method of this name.
pub(crate) fn method(name: &str) -> Option<Method> {
    METHODS.into_iter().find(|method| method.as_str() == name)
}

fn flag(node: Node<'_>, key: &str) -> Result<bool, JsonError> {
    node.get(key).map_or(Ok(false), Node::flag)
}

/// Returns a number from 1 to `most`.
fn whole(node: Node<'_>, key: &str, most: u64, default: u64) -> Result<u64, JsonError> {
    let Some(node) = node.get(key) else {
        return Ok(default);
    };
    let number = node.whole()?;
    if (1..=most).contains(&number) {
        return Ok(number);
    }
    Err(node.error(join!(
        "expected a whole number from 1 to ",
        &crate::text::number(most)
    )))
}
