//! `tools.permissions`: the tools that may be used, with or without asking the user.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use clawft_types::json::{JsonError, Node};

use crate::text::matches;

/// The permission of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// `allow`: calls are performed.
    Allow,
    /// `ask`: the user is asked about each call; without a terminal, calls are refused.
    Ask,
    /// `deny`: the tool is not offered, and calls are refused.
    Deny,
}

/// `tools.permissions`: permissions by the names of tools, in which `*` stands for any text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    rules: Vec<(String, Permission)>,
}

/// Returns whether a rule is for the tool `name`.
pub fn is_for(rule: &str, name: &str) -> bool {
    matches(rule, name, false)
}

impl Permissions {
    /// Reads the object.
    pub(crate) fn read(node: Node<'_>) -> Result<Permissions, JsonError> {
        let mut rules = Vec::new();
        node.object()?;
        for (pattern, value) in node.each_member() {
            let permission = match value.text()? {
                "allow" => Permission::Allow,
                "ask" => Permission::Ask,
                "deny" => Permission::Deny,
                _ => return Err(value.error("expected `allow`, `ask` or `deny`")),
            };
            rules.push((pattern.to_owned(), permission));
        }
        Ok(Permissions { rules })
    }

    /// Returns the permission of the tool `name`; `default` if no rule is for it. Of several rules, the one
    /// with the most characters other than `*` counts, then one without `*`, then the last one.
    pub fn of(&self, name: &str, default: Permission) -> Permission {
        let rules = self.rules.iter().filter(|(pattern, _)| is_for(pattern, name));
        let rank = |pattern: &str| {
            let stars = pattern.bytes().filter(|byte| *byte == b'*').count();
            (pattern.len() - stars, stars == 0)
        };
        rules
            .max_by_key(|(pattern, _)| rank(pattern))
            .map_or(default, |(_, permission)| *permission)
    }
}
