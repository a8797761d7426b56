//! The built-in tools: names, descriptions and schemas.

use alloc::{borrow::Cow, vec::Vec};

use clawft_core::Method;
use clawft_types::{ToolDefinition, join};

use crate::{fetch::FetchSettings, permissions::Permission};

/// Needs of a tool, all of which have to be configured and granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Files,
    Write,
    Fetch,
    #[cfg(feature = "notes")]
    Notes,
    Commands,
}

/// The built-in tools by their work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Read,
    List,
    #[cfg(feature = "search")]
    Search,
    Write,
    Edit,
    Delete,
    Fetch,
    #[cfg(feature = "notes")]
    Remember,
    #[cfg(feature = "notes")]
    Recall,
    Run,
}

/// A built-in tool.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
    /// The arguments that a call must have. All are strings.
    pub(crate) required: &'static [&'static str],
    pub(crate) need: Need,
    /// The permission without a rule.
    pub(crate) default: Permission,
    description: &'static str,
    parameters: &'static str,
}

/// Whether any host of this build can run commands.
const RUNS_COMMANDS: bool = cfg!(not(target_family = "wasm"));

/// All built-in tools.
pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        name: "read_file",
        work: Work::Read,
        required: &["path"],
        need: Need::Files,
        default: Permission::Allow,
        description: "Reads a text file of the workspace. Give a range of lines for a large file.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string","description":"relative to the workspace"},"start_line":{"type":"integer","minimum":1},"end_line":{"type":"integer","minimum":1,"description":"included"}},"required":["path"]}"#,
    },
    Tool {
        name: "list_files",
        work: Work::List,
        required: &[],
        need: Need::Files,
        default: Permission::Allow,
        description: "Lists a directory of the workspace, with the sizes of files in bytes.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string","description":"relative to the workspace; the workspace itself by default"},"recursive":{"type":"boolean","description":"also list what is below, except in .git"}}}"#,
    },
    #[cfg(feature = "search")]
    Tool {
        name: "search_files",
        work: Work::Search,
        required: &[],
        need: Need::Files,
        default: Permission::Allow,
        description: "Finds files of the workspace by name, or the lines that hold a text.",
        parameters: r#"{"type":"object","properties":{"text":{"type":"string","description":"exact text within a line"},"name":{"type":"string","description":"pattern for file names with * and ?, such as *.rs; with a / for whole paths"},"path":{"type":"string","description":"directory to search, the workspace by default"}}}"#,
    },
    Tool {
        name: "write_file",
        work: Work::Write,
        required: &["path", "content"],
        need: Need::Write,
        default: Permission::Ask,
        description: "Creates or replaces a file of the workspace, with missing directories. Use edit_file to change a part of a file.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string","description":"relative to the workspace"},"content":{"type":"string","description":"the whole content"}},"required":["path","content"]}"#,
    },
    Tool {
        name: "edit_file",
        work: Work::Edit,
        required: &["path", "old_text", "new_text"],
        need: Need::Write,
        default: Permission::Ask,
        description: "Replaces a text that occurs exactly once in a file of the workspace.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string","description":"relative to the workspace"},"old_text":{"type":"string","description":"exact text, with enough lines to be unique"},"new_text":{"type":"string"}},"required":["path","old_text","new_text"]}"#,
    },
    Tool {
        name: "delete_file",
        work: Work::Delete,
        required: &["path"],
        need: Need::Write,
        default: Permission::Ask,
        description: "Deletes a file of the workspace.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string","description":"relative to the workspace"}},"required":["path"]}"#,
    },
    Tool {
        name: "fetch",
        work: Work::Fetch,
        required: &["url"],
        need: Need::Fetch,
        default: Permission::Allow,
        description: "Requests a URL and returns the body as text; HTML is reduced to its text. Allowed origins: ",
        parameters: r#"{"type":"object","properties":{"url":{"type":"string"}},"required":["url"]}"#,
    },
    #[cfg(feature = "notes")]
    Tool {
        name: "remember",
        work: Work::Remember,
        required: &["key", "text"],
        need: Need::Notes,
        default: Permission::Allow,
        description: "Keeps a note for later conversations. Replaces the note with the same key; an empty text removes it.",
        parameters: r#"{"type":"object","properties":{"key":{"type":"string","description":"lower-case letters, digits, - and _"},"text":{"type":"string"}},"required":["key","text"]}"#,
    },
    #[cfg(feature = "notes")]
    Tool {
        name: "recall",
        work: Work::Recall,
        required: &[],
        need: Need::Notes,
        default: Permission::Allow,
        description: "Returns a note that was kept with remember, or without a key the keys of all notes.",
        parameters: r#"{"type":"object","properties":{"key":{"type":"string"}}}"#,
    },
    Tool {
        name: "run_command",
        work: Work::Run,
        required: &["command"],
        need: Need::Commands,
        default: Permission::Ask,
        description: if RUNS_COMMANDS {
            "Runs a shell command in the workspace and returns its output and exit code."
        } else {
            ""
        },
        parameters: if RUNS_COMMANDS {
            r#"{"type":"object","properties":{"command":{"type":"string"}},"required":["command"]}"#
        } else {
            "{}"
        },
    },
];

/// Returns the names of all built-in tools, offered or not.
pub fn tool_names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|tool| tool.name)
}

/// The schema of `fetch` if other methods than GET are configured.
const FETCH_WITH_METHODS: &str = r#"{"type":"object","properties":{"url":{"type":"string"},"method":{"type":"string","description":"GET by default"},"body":{"type":"string"},"content_type":{"type":"string","description":"of the body, application/json by default"}},"required":["url"]}"#;

impl Tool {
    /// Returns the definition for the model.
    pub(crate) fn definition(&self, fetch: Option<&FetchSettings>) -> ToolDefinition {
        let mut description = Cow::Borrowed(self.description);
        let mut parameters = self.parameters;
        if let Some(fetch) = fetch.filter(|_| self.need == Need::Fetch) {
            description = [self.description, &fetch.allowed()].concat().into();
            if fetch.methods != [Method::Get] {
                let names: Vec<&str> = fetch.methods.iter().map(|method| method.as_str()).collect();
                description = join!(&*description, ". Allowed methods: ", &names.join(", ")).into();
                parameters = FETCH_WITH_METHODS;
            }
        }
        ToolDefinition {
            name: self.name.into(),
            description,
            parameters: parameters.into(),
        }
    }
}
