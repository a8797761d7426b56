//! A server's list of tools, read page by page.

use alloc::{
    borrow::{Cow, ToOwned as _},
    string::String,
    vec::Vec,
};
use core::time::Duration;

use clawft_types::{
    ToolDefinition, join,
    json::{JsonError, Node},
};

use crate::{
    catalog::{Catalog, Tool},
    limits::{MAX_DESCRIPTION, MAX_NAME, MAX_PAGES, MAX_TOKEN, MAX_TOOLS, MAX_WARNINGS},
    names, params, schema,
    secrets::Secrets,
};

/// The part of a list that has arrived.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) tools: Vec<Tool>,
    warnings: Vec<String>,
    /// The number of pages that were read.
    pub(crate) pages: u32,
    /// The next page, if there is one.
    pub(crate) cursor: Option<String>,
    /// The shortest time for which one of the pages may be used.
    pub(crate) fresh: Option<Duration>,
}

impl Listing {
    /// Reads a page. Keeps the tools that are `wanted`, reads what to send as headers if `with_headers`.
    pub(crate) fn read(
        &mut self,
        page: Node<'_>,
        with_headers: bool,
        wanted: Option<&[String]>,
        secrets: &Secrets,
    ) -> Result<(), JsonError> {
        self.pages += 1;
        for node in page.require("tools")?.items()? {
            let name = node.text_of("name").unwrap_or_default();
            // Tools that can only be called as tasks are of no use to a client that knows no tasks.
            let is_task = |execution: Node<'_>| execution.text_of("taskSupport") == Some("required");
            if node.get("execution").is_some_and(is_task)
                || wanted.is_some_and(|wanted| !wanted.iter().any(|known| known == name))
            {
                continue;
            }
            if self.tools.len() == MAX_TOOLS {
                self.warn("there are too many tools", "the others are left out", secrets);
                break;
            }
            match self.tool(name, node, with_headers) {
                Ok(tool) => self.tools.push(tool),
                Err(cause) => self.warn(&join!("the tool `", name, "` is left out"), cause, secrets),
            }
        }
        let fresh = Duration::from_millis(page.whole_of("ttlMs").unwrap_or_default());
        self.fresh = Some(self.fresh.map_or(fresh, |known| known.min(fresh)));
        let cursor = page
            .text_of("nextCursor")
            .filter(|cursor| !cursor.is_empty() && cursor.len() <= MAX_TOKEN);
        // The same page would come again.
        let is_repeated = cursor.is_some() && self.cursor.as_deref() == cursor;
        self.cursor = cursor.filter(|_| !is_repeated).map(str::to_owned);
        if is_repeated {
            self.warn(
                "a page of tools names itself as the next one",
                "the others are left out",
                secrets,
            );
        }
        if self.cursor.is_some() && self.pages == MAX_PAGES {
            self.warn(
                "there are too many pages of tools",
                "the others are left out",
                secrets,
            );
        }
        Ok(())
    }

    fn tool(&self, name: &str, node: Node<'_>, with_headers: bool) -> Result<Tool, &'static str> {
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("its name is not valid");
        }
        if self.tools.iter().any(|known| known.name == name) {
            return Err("another one has the same name");
        }
        let schema = node.get("inputSchema");
        let params = match schema {
            Some(schema) if with_headers => params::read(schema)?,
            _ => Vec::new(),
        };
        let description = node
            .text_of("description")
            .or(node.text_of("title"))
            .unwrap_or_default();
        Ok(Tool {
            definition: ToolDefinition {
                name: Cow::Borrowed(""),
                description: Cow::Owned(cut(description)),
                parameters: Cow::Owned(schema::read(schema)?),
            },
            name: name.to_owned(),
            permission: String::new(),
            params,
        })
    }

    fn warn(&mut self, problem: &str, cause: &str, secrets: &Secrets) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(secrets.redact(&join!(problem, ": ", cause)));
        }
    }

    /// Returns the catalogue, which may be used for the time `fresh`.
    pub(crate) fn finish(mut self, server: &str, wanted: Option<&[String]>, fresh: Duration) -> Catalog {
        names::assign(server, &mut self.tools);
        for tool in &mut self.tools {
            tool.permission = join!("mcp.", server, ".", &tool.name);
        }
        for name in wanted.into_iter().flatten().take(MAX_WARNINGS) {
            if !self.tools.iter().any(|tool| tool.name == *name) {
                self.warnings
                    .push(join!("there is no tool `", name, "`, which `tools` names"));
            }
        }
        Catalog {
            tools: self.tools,
            warnings: self.warnings,
            fresh,
        }
    }
}

/// Returns a description of limited length.
fn cut(description: &str) -> String {
    let end = description.floor_char_boundary(MAX_DESCRIPTION);
    let rest = if end < description.len() { "…" } else { "" };
    [description.get(..end).unwrap_or_default(), rest].concat()
}
