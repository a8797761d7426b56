//! Requests in which members at the top are replaced.

use alloc::{
    borrow::{Cow, ToOwned as _},
    string::ToString as _,
    vec::Vec,
};

use clawft_types::json::{self, JsonFault, Node};

use super::Scan;
use crate::error::Error;

/// Returns a body with `members`, each as JSON with its name: `"name":value`. Those of the body that `replaced` names
/// are left out; all others stay as they are, in their order. Fails if the body is no object.
pub fn with_members<'a>(
    body: &'a [u8],
    replaced: &dyn Fn(&str) -> bool,
    members: impl Iterator<Item = &'a str>,
) -> Result<Vec<u8>, Error> {
    let mut all: Vec<&[u8]> = Vec::new();
    let mut scan = Scan { body, at: 0 };
    scan.space();
    if scan.next() != Some(b'{') {
        return Err(JsonFault::Field {
            field: "".to_string(),
            message: "the request's body is not a JSON object".to_string(),
        }
        .into());
    }
    scan.space();
    let mut more = scan.peek() != Some(b'}');
    while more {
        let (key, value) = scan.member()?;
        let name = decoded(body.get(key.clone()).unwrap_or_default());
        if !name.is_some_and(|name| replaced(&name)) {
            all.push(body.get(key.start..value.end).unwrap_or_default());
        }
        more = scan.continues()?;
    }
    all.extend(members.map(str::as_bytes));
    Ok([b"{", &*all.join(&b','), b"}"].concat())
}

/// Returns a name that is still between its quotes.
fn decoded(key: &[u8]) -> Option<Cow<'_, str>> {
    if key.contains(&b'\\') {
        let tree = json::parse(key).ok()?;
        return Node::root(&tree)
            .as_text()
            .map(|name| Cow::Owned(name.to_owned()));
    }
    let bare = key.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    str::from_utf8(bare).ok().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_replace_those_of_the_body() {
        for (body, name, members, expected) in [
            ("{}", "a", vec![r#""a":1"#], r#"{"a":1}"#),
            (
                " { } ",
                "a",
                vec![r#""a":1"#, r#""b":{"c":[]}"#],
                r#"{"a":1,"b":{"c":[]}}"#,
            ),
            (
                r#"{ "x" : 1.0 , "a":{"b":2},"y":"}" }"#,
                "a",
                vec![r#""a":{"c":3}"#],
                r#"{"x" : 1.0,"y":"}","a":{"c":3}}"#,
            ),
            (r#"{"\u0061":1,"a":2,"b":3}"#, "a", vec![], r#"{"b":3}"#),
            (r#"{"z":1,"z":2}"#, "a", vec![], r#"{"z":1,"z":2}"#),
        ] {
            let replaced = |found: &str| found == name;
            let written = with_members(body.as_bytes(), &replaced, members.into_iter()).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), expected, "{body}");
        }
        for body in ["", "[]", "{\"a\"", "{\"a\":1"] {
            assert!(
                with_members(body.as_bytes(), &|_| false, [].into_iter()).is_err(),
                "{body}"
            );
        }
    }
}
