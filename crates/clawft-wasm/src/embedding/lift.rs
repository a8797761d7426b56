//! Arguments of the canonical ABI as values.

use std::borrow::Cow;

use clawft_types::ToolDefinition;

/// The number of words of a tool: three texts.
const TOOL_WORDS: usize = 6;

/// Returns a text.
///
/// # Safety
/// The host has allocated it, holds it no longer, and has checked that it is UTF-8, as for every `string`.
pub(super) unsafe fn text(address: usize, size: usize) -> String {
    if size == 0 {
        return String::new();
    }
    // SAFETY: as the caller says.
    unsafe { String::from_raw_parts(address as *mut u8, size, size) }
}

/// Returns a text that may be missing.
///
/// # Safety
/// As for [`text`].
pub(super) unsafe fn option_text(is_some: usize, address: usize, size: usize) -> Option<String> {
    // SAFETY: as the caller says.
    (is_some != 0).then(|| unsafe { text(address, size) })
}

/// Returns a list of tools.
///
/// # Safety
/// The host has allocated the list and its texts, and holds them no longer.
pub(super) unsafe fn tools(address: usize, count: usize) -> Vec<ToolDefinition> {
    if count == 0 {
        return Vec::new();
    }
    // SAFETY: as the caller says.
    let words = unsafe { Vec::from_raw_parts(address as *mut usize, count * TOOL_WORDS, count * TOOL_WORDS) };
    let mut words = words.into_iter();
    let mut next = || {
        let (address, size) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        // SAFETY: as the caller says.
        Cow::Owned(unsafe { text(address, size) })
    };
    (0..count)
        .map(|_| ToolDefinition {
            name: next(),
            description: next(),
            parameters: next(),
        })
        .collect()
}
