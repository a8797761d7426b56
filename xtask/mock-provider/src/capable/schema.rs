//! Values that fit a JSON schema.

use serde_json::{Map, Value, json};

/// The depth at which the value of a recursive schema ends.
const DEEPEST: usize = 16;

/// Returns a value with all properties of `schema`.
pub(super) fn fill(schema: &Value) -> Value {
    value(schema, schema, 0)
}

fn value(root: &Value, schema: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    let within = |schema: &Value| value(root, schema, depth + 1);
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#'));
        return target.map_or(Value::Null, within);
    }
    if !schema["const"].is_null() {
        return schema["const"].clone();
    }
    for list in ["enum", "anyOf", "oneOf", "allOf"] {
        match schema[list].as_array().and_then(|values| values.first()) {
            Some(first) if list == "enum" => return first.clone(),
            Some(first) => return within(first),
            None => {}
        }
    }
    match schema["type"].as_str() {
        Some("string") => json!("Paris"),
        Some("integer" | "number") => json!(42),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("null") => Value::Null,
        _ => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            Value::Object(
                properties
                    .map(|(name, schema)| (name.clone(), within(schema)))
                    .collect::<Map<_, _>>(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_all_properties_of_schema() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": { "$ref": "#/$defs/City" },
                "temp": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
                "unit": { "enum": ["C", "F"] },
            },
            "$defs": { "City": { "type": "string" } },
        });
        assert_eq!(fill(&schema), json!({ "city": "Paris", "temp": 42, "unit": "C" }));
        assert_eq!(fill(&Value::Null), json!({}));
    }

    #[test]
    fn recursive_schema_comes_to_end() {
        let schema = json!({ "properties": { "next": { "$ref": "#" } } });
        assert!(fill(&schema)["next"]["next"].is_object());
    }
}
