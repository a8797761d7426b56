//! JSON text to our own tree, held against serde_json's.

use clawft_types::json::{self, Value};
use serde_json::Value as Theirs;

/// Both take a text or neither does, and to both it means the same.
pub(crate) fn check(bytes: &[u8]) {
    match (json::parse(bytes), serde_json::from_slice::<Theirs>(bytes)) {
        (Ok(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{ours:?} is not {theirs}"),
        (Err(error), Err(_)) => super::check_wording(&error.to_string()),
        (Ok(ours), Err(error)) => panic!("{ours:?} was taken: {error}"),
        (Err(error), Ok(theirs)) => panic!("{theirs} was refused: {error}"),
    }
}

fn same(ours: &Value, theirs: &Theirs) -> bool {
    match (ours, theirs) {
        (Value::Null, Theirs::Null) => true,
        (Value::Bool(ours), Theirs::Bool(theirs)) => ours == theirs,
        (Value::Text(ours), Theirs::String(theirs)) => ours == theirs,
        (Value::Whole(ours), Theirs::Number(theirs)) => theirs.as_u64() == Some(*ours),
        (Value::Number(ours), Theirs::Number(theirs)) => {
            theirs.as_u64().is_none() && theirs.as_f64() == Some(*ours)
        }
        (Value::Array(ours), Theirs::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Object(ours), Theirs::Object(theirs)) => {
            ours.iter().all(|(key, _)| theirs.contains_key(key))
                // Of two members with the same key our tree counts the first one, serde_json's the last.
                && (ours.len() > theirs.len() || ours.iter().all(|(key, ours)| same(ours, &theirs[key])))
        }
        _ => false,
    }
}
