//! Warnings about rules of `tools.permissions` that are for no tool: a misspelt `deny` would deny nothing.

use clawft_tools::{permissions::is_for, tool_names};
use clawft_types::json::Node;

/// Returns a warning for each rule that is neither for a built-in tool nor for one of a configured server.
pub(super) fn without_tool(root: Node<'_>) -> Vec<String> {
    let keys = |node: Option<Node<'_>>| -> Vec<String> {
        let members = node.and_then(Node::as_members).into_iter().flatten();
        members.map(|(key, _)| key.to_owned()).collect()
    };
    let tools = root.get("tools");
    let part = |name: &str| keys(tools.and_then(|tools| tools.get(name)));
    let servers = part("mcp");
    let is_known = |rule: &str| {
        tool_names().any(|name| is_for(rule, name))
            || servers.iter().any(|server| is_for_server(rule, server))
    };
    let unknown = part("permissions").into_iter().filter(|rule| !is_known(rule));
    unknown.map(|rule| warning(&rule)).collect()
}

/// Returns whether a rule may be for a tool of a server, whose names are not known here.
fn is_for_server(rule: &str, server: &str) -> bool {
    let prefix = format!("mcp.{server}.");
    match rule.split_once('*') {
        Some((head, _)) => prefix.starts_with(head) || head.starts_with(&prefix),
        None => rule.starts_with(&prefix),
    }
}

fn warning(rule: &str) -> String {
    let hint = match rule.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")) {
        Some((server, tool)) => format!("write `mcp.{server}.{tool}`"),
        None if rule.starts_with("mcp.") => "no such server is configured in `tools.mcp`".to_owned(),
        None => "`weft mcp list` and docs/tools.md have the names".to_owned(),
    };
    format!("the rule `{rule}` in `tools.permissions` is for no tool: {hint}")
}

#[cfg(test)]
mod tests {
    use clawft_types::json::{self, Node};

    use super::without_tool;

    #[test]
    fn names_rules_that_are_for_no_tool() {
        for (rule, is_known) in [
            ("read_file", true),
            ("*_file", true),
            ("*", true),
            ("run_command", true),
            ("mcp.*", true),
            ("mcp.git.*", true),
            ("mcp.git.push", true),
            ("mcp.gi*", true),
            ("mcp.*.push", true),
            ("write_fil", false),
            ("Write_File", false),
            ("mcp.github.*", false),
            ("mcp.git", false),
            ("mcp__git__push", false),
        ] {
            let text = format!(
                r#"{{"tools":{{"mcp":{{"git":{{"url":"http://localhost"}}}},"permissions":{{"{rule}":"deny"}}}}}}"#
            );
            let document = json::parse(text.as_bytes()).unwrap();
            let warnings = without_tool(Node::root(&document));
            assert_eq!(warnings.is_empty(), is_known, "{rule}: {warnings:?}");
        }
        let text = br#"{"tools":{"permissions":{"mcp__git__push":"deny"}}}"#;
        let document = json::parse(text).unwrap();
        assert_eq!(
            without_tool(Node::root(&document)),
            ["the rule `mcp__git__push` in `tools.permissions` is for no tool: write `mcp.git.push`"]
        );
        let document = json::parse(b"{}").unwrap();
        assert!(without_tool(Node::root(&document)).is_empty());
    }
}
