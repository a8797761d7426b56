//! The names by which the model calls the tools of servers.

use alloc::{borrow::Cow, string::String};

use clawft_types::join;

use crate::catalog::Tool;

/// The longest name that every provider accepts.
const MAX: usize = 64;

/// Names the tools of one server: `mcp__github__search`.
///
/// A server's name in the configuration holds no `__`, so tools of two servers never share a name. Of one
/// server, a tool whose name fits keeps it, whatever other tools there are. Characters that providers refuse are
/// replaced by `_`, long names are cut, and a number is added where the result is taken.
pub(crate) fn assign(server: &str, tools: &mut [Tool]) {
    let prefix = join!("mcp__", server, "__");
    for tool in tools.iter_mut() {
        if fits(&prefix, &tool.name) {
            tool.definition.name = Cow::Owned([&prefix, tool.name.as_str()].concat());
        }
    }
    for index in 0..tools.len() {
        let Some(tool) = tools.get(index).filter(|tool| tool.definition.name.is_empty()) else {
            continue;
        };
        let name = free_name(&prefix, &tool.name, tools);
        if let Some(tool) = tools.get_mut(index) {
            tool.definition.name = Cow::Owned(name);
        }
    }
}

fn fits(prefix: &str, name: &str) -> bool {
    prefix.len() + name.len() <= MAX && name.bytes().all(is_plain)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Returns a name for the tool `name`, which is ASCII, that none of `tools` has.
fn free_name(prefix: &str, name: &str, tools: &[Tool]) -> String {
    let mut base = String::from(prefix);
    for byte in name.bytes() {
        base.push(if is_plain(byte) { char::from(byte) } else { '_' });
    }
    let mut number = String::new();
    let mut count: usize = 1;
    loop {
        let end = base.len().min(MAX - number.len());
        let candidate = [base.get(..end).unwrap_or_default(), &number].concat();
        if tools.iter().all(|tool| tool.definition.name != candidate) {
            return candidate;
        }
        count += 1;
        number = join!("_", &clawft_types::text::number(count as u64));
    }
}
