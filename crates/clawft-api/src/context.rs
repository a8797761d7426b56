//! Knowledge about a request that the translation of its answer needs.

use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::{
    answer::Answer,
    custom,
    request::{Call, Content, Part, Request, ToolInput},
};

/// Knowledge about a request that the translation of its answer needs; see [`Request::context`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Identifier of the answer; `None` keeps the provider's.
    pub id: Option<String>,
    /// Name of the model in the answer; `None` keeps the provider's.
    pub model: Option<String>,
    /// Time in seconds since 1970, for answers that have none.
    pub created: u64,
    /// Whether a stream of chat chunks ends with the usage.
    pub include_usage: bool,
    /// Whether the server keeps the answer, so that requests can continue it.
    pub is_kept: bool,
    /// Tools whose calls look different to the provider.
    tools: Vec<Renamed>,
    /// Members that a Responses answer repeats, as JSON members.
    pub(crate) echo: String,
}

/// A tool whose calls look different to the provider: it has a namespace or takes free-form input.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Renamed {
    flat_name: String,
    namespace: Option<String>,
    name: String,
    is_custom: bool,
}

impl Request {
    /// Returns the knowledge about this request that the translation of its answer needs.
    pub fn context(&self) -> Context {
        let tools = self.tools.iter().filter_map(|tool| {
            let is_custom = matches!(tool.input, ToolInput::Custom { .. });
            (is_custom || tool.namespace.is_some()).then(|| Renamed {
                flat_name: tool.flat_name(),
                namespace: tool.namespace.clone(),
                name: tool.name.clone(),
                is_custom,
            })
        });
        Context {
            include_usage: self.include_usage,
            tools: tools.collect(),
            echo: self.echo.clone(),
            ..Context::default()
        }
    }
}

impl Context {
    /// Returns the context of a request with plain tools. `created` is the time in seconds since 1970.
    pub fn new(created: u64) -> Context {
        Context {
            created,
            ..Context::default()
        }
    }

    /// Returns the answer with the calls as the client knows its tools.
    pub(crate) fn restore<'a>(&self, answer: &'a Answer) -> Cow<'a, Answer> {
        if self.tools.is_empty() {
            return Cow::Borrowed(answer);
        }
        let mut answer = answer.clone();
        answer.parts.iter_mut().for_each(|part| self.restore_part(part));
        Cow::Owned(answer)
    }

    fn restore_part(&self, part: &mut Part) {
        if let Content::Call(call) = &mut part.content {
            self.restore_call(call);
            if call.is_custom {
                call.input = custom::unwrapped(&call.input).unwrap_or_else(|| call.input.clone());
            }
        }
    }

    /// Sets the namespace, the name and the kind of the called tool.
    pub(crate) fn restore_call(&self, call: &mut Call) {
        let tool = self.tools.iter().find(|tool| tool.flat_name == call.name);
        if let Some(tool) = tool.filter(|_| !call.is_custom) {
            call.namespace.clone_from(&tool.namespace);
            call.name.clone_from(&tool.name);
            call.is_custom = tool.is_custom;
        }
    }
}
