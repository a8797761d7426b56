//! Warnings about names that an object has more than once: only the last value counts.

use clawft_types::json::Node;

/// Returns a warning for each repeated name.
pub(super) fn names(root: Node<'_>) -> Vec<String> {
    let mut found = Vec::new();
    search(root, "", &mut found);
    let warning = |path| format!("`{path}` is there more than once, and only the last one counts");
    found.into_iter().map(warning).collect()
}

/// Adds the paths of the repeated names in a value. A text nests no deeper than its parser allows.
fn search(node: Node<'_>, path: &str, found: &mut Vec<String>) {
    let within = |name: &str| match path {
        "" => name.to_owned(),
        path => [path, ".", name].concat(),
    };
    let keys = node.keys().unwrap_or_default();
    let members = || node.as_members().into_iter().flatten();
    if members().count() > keys.len() {
        let is_repeated = |key: &&str| members().filter(|(name, _)| name == key).nth(1).is_some();
        let repeated = keys.into_iter().filter(is_repeated).map(within);
        for path in repeated {
            if !found.contains(&path) {
                found.push(path);
            }
        }
    }
    members().for_each(|(name, value)| search(value, &within(name), found));
    for (index, item) in node.as_items().into_iter().flatten().enumerate() {
        search(item, &within(&index.to_string()), found);
    }
}

#[cfg(test)]
mod tests {
    use clawft_types::json;

    use super::*;

    #[test]
    fn repeated_names_are_found_at_any_depth() {
        for (text, expected) in [
            (r#"{"a": 1, "b": {"a": 2}}"#, &[][..]),
            (r#"{"a": 1, "a": 2, "a": 3}"#, &["a"]),
            (r#"{"b": {"c": 1, "c": {}}}"#, &["b.c"]),
            (r#"{"b": [{"c": 1}, {"c": 1, "c": 2}]}"#, &["b.1.c"]),
            (r#"{"b": {"c": 1}, "b": {"c": 1}}"#, &["b"]),
        ] {
            let document = json::parse(text.as_bytes()).unwrap();
            let expected: Vec<String> = expected
                .iter()
                .map(|path| format!("`{path}` is there more than once, and only the last one counts"))
                .collect();
            assert_eq!(names(Node::root(&document)), expected);
        }
    }
}
