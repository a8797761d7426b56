//! JSON with places for values.
//!
//! An event is one call with a constant text, instead of one for each member: that is a third of the code.

use alloc::string::ToString as _;

use clawft_types::json::Writer;

/// A value for a place in a template.
#[derive(Clone, Copy)]
pub(crate) enum Slot<'a> {
    /// A string.
    Text(&'a str),
    /// A string, or `null`.
    Maybe(Option<&'a str>),
    /// A value that is JSON already, or a part of one.
    Json(&'a str),
    /// A number.
    Number(u64),
    /// A position.
    Index(usize),
}

/// Writes `template` with a value for each `$`. A template has no other `$`.
pub(crate) fn fill(writer: &mut Writer, template: &str, slots: &[Slot<'_>]) {
    let mut slots = slots.iter();
    for (index, part) in template.split('$').enumerate() {
        if index > 0 {
            slots.next().into_iter().for_each(|slot| slot.write(writer));
        }
        writer.literal(part);
    }
}

impl Slot<'_> {
    fn write(self, writer: &mut Writer) {
        match self {
            Slot::Text(text) | Slot::Maybe(Some(text)) => writer.text(text),
            Slot::Maybe(None) => writer.literal("null"),
            Slot::Json(json) => writer.literal(json),
            Slot::Number(number) => writer.literal(&number.to_string()),
            Slot::Index(index) => writer.literal(&index.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_each_place_of_template() {
        let mut writer = Writer::default();
        let slots = [
            Slot::Text("a\"$"),
            Slot::Number(7),
            Slot::Json("[]"),
            Slot::Maybe(None),
            Slot::Index(1),
        ];
        fill(&mut writer, r#"{"t":$,"n":$,"j":$,"m":$,"i":$}"#, &slots);
        let text = String::from_utf8(writer.into_bytes()).unwrap();
        assert_eq!(text, r#"{"t":"a\"$","n":7,"j":[],"m":null,"i":1}"#);
    }
}
