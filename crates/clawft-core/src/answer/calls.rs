//! The tool calls of an answer, which a stream sends in fragments.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use clawft_types::{
    ToolCall, join,
    json::{self, JsonError, Node},
    memory::{self, NoMemory},
    text,
};

/// The number of calls that a fragment may belong to, so that the work stays in proportion to the fragments.
const SEARCHED: usize = 64;

/// The tool calls of an answer, or the part of them that a stream has delivered so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls(Vec<Call>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Call {
    /// The provider's number of the call, or of the block that holds it.
    index: Option<u64>,
    call: ToolCall,
}

/// A fragment of a call, or a whole one. Empty members are not sent.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Fragment<'a> {
    /// The provider's number of the call.
    pub(crate) index: Option<u64>,
    /// The id of the call.
    pub(crate) id: &'a str,
    /// The tool's name.
    pub(crate) name: &'a str,
    /// The next part of the arguments.
    pub(crate) arguments: &'a str,
    /// The member `extra_content`, as JSON.
    pub(crate) extra: &'a str,
}

impl Calls {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a call in the form of OpenAI's chat completions, a `whole` one or the next fragment:
    /// `{"index":0,"id":"…","function":{"name":"…","arguments":"…"}}`.
    pub(crate) fn read(&mut self, node: Node<'_>, whole: bool) -> Result<(), JsonError> {
        let function = node.get("function").unwrap_or(node);
        // Ollama and others send the arguments as an object.
        let object = match function.get("arguments") {
            Some(arguments) if arguments.as_members().is_some() => arguments.to_json()?,
            _ => String::new(),
        };
        let extra = match node.get("extra_content") {
            Some(extra) if extra.as_members().is_some() => extra.to_json()?,
            _ => String::new(),
        };
        let fragment = Fragment {
            index: node.whole_of("index"),
            id: node.text_of("id").unwrap_or_default(),
            name: function.text_of("name").unwrap_or_default(),
            arguments: function.text_of("arguments").unwrap_or(&object),
            extra: &extra,
        };
        let position = match self.position(&fragment) {
            Some(position) if !whole => position,
            _ => self.begin(fragment.index)?,
        };
        Ok(self.append(position, fragment)?)
    }

    /// Appends a fragment to the call that it belongs to, or begins a call. Arguments of no known call belong to
    /// one that the provider performs itself.
    pub(crate) fn add(&mut self, fragment: Fragment<'_>) -> Result<(), NoMemory> {
        let position = match self.position(&fragment) {
            Some(position) => position,
            None if fragment.name.is_empty() => return Ok(()),
            None => self.begin(fragment.index)?,
        };
        self.append(position, fragment)
    }

    fn append(&mut self, position: usize, fragment: Fragment<'_>) -> Result<(), NoMemory> {
        let Some(Call { call, .. }) = self.0.get_mut(position) else {
            return Ok(());
        };
        // Some servers repeat the id and the name in each fragment.
        if call.id.is_empty() {
            memory::append_text(&mut call.id, fragment.id)?;
        }
        if call.name.is_empty() {
            memory::append_text(&mut call.name, fragment.name)?;
        }
        if call.extra.is_empty() {
            memory::append_text(&mut call.extra, fragment.extra)?;
        }
        memory::append_text(&mut call.arguments, fragment.arguments)
    }

    /// Begins a call and returns its position.
    fn begin(&mut self, index: Option<u64>) -> Result<usize, NoMemory> {
        let call = ToolCall::default();
        memory::push(&mut self.0, Call { index, call })?;
        Ok(self.0.len() - 1)
    }

    /// Returns the call that a fragment belongs to: the last one with its number, or without a number the last
    /// one. A fragment with another id begins a call, because some servers send 0 as the number of every call,
    /// and so does one that has no number and no id but a name.
    fn position(&self, fragment: &Fragment<'_>) -> Option<usize> {
        let fits = |position: &usize| {
            self.0.get(*position).is_some_and(|known| {
                let same_id =
                    fragment.id.is_empty() || known.call.id.is_empty() || known.call.id == fragment.id;
                let begins = fragment.index.is_none() && fragment.id.is_empty() && !fragment.name.is_empty();
                same_id && !begins && (fragment.index.is_none() || known.index == fragment.index)
            })
        };
        let searched = if fragment.index.is_some() { SEARCHED } else { 1 };
        (0..self.0.len()).rev().take(searched).find(fits)
    }

    /// Returns the calls. One without an id or a name gets one: its result has to name it. Arguments are unwrapped.
    pub(crate) fn into_vec(self) -> Vec<ToolCall> {
        let complete = |(number, Call { mut call, .. }): (usize, Call)| {
            if call.id.is_empty() {
                call.id = join!("call_", &text::number(number as u64 + 1));
            }
            if call.name.is_empty() {
                "unnamed".clone_into(&mut call.name);
            }
            if let Some(arguments) = unwrapped(&call.arguments) {
                call.arguments = arguments;
            }
            call
        };
        self.0.into_iter().enumerate().map(complete).collect()
    }
}

/// Returns arguments that a model has written in another form: `null` for none, or an object as text in JSON.
fn unwrapped(arguments: &str) -> Option<String> {
    let arguments = arguments.trim();
    if arguments == "null" {
        return Some(String::new());
    }
    if !arguments.starts_with('"') {
        return None;
    }
    let document = json::parse(arguments.as_bytes()).ok()?;
    let text = Node::root(&document).as_text()?;
    text.trim_start().starts_with('{').then(|| text.to_owned())
}
