//! A YAML file as text and as data: comments are only in the text.

use std::{fs, path::Path};

use serde_json::{Map, Value};

/// A workflow or an action.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The name in messages.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) value: Value,
}

/// A job of a workflow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<'d> {
    pub(crate) name: &'d str,
    pub(crate) value: &'d Value,
}

impl Document {
    /// Returns all YAML files below `directory`.
    pub(crate) fn all(directory: &Path) -> Vec<Self> {
        let mut entries: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        let read = |path: &Path| {
            let name = path
                .strip_prefix(super::root())
                .unwrap_or(path)
                .display()
                .to_string();
            Self::new(&name, &fs::read_to_string(path).unwrap())
        };
        let is_yaml = |path: &Path| path.extension().is_some_and(|extension| extension == "yml");
        let found = |path: &std::path::PathBuf| match path {
            path if path.is_dir() => Self::all(path),
            path if is_yaml(path) => vec![read(path)],
            _ => Vec::new(),
        };
        entries.iter().flat_map(found).collect()
    }

    pub(crate) fn new(name: &str, text: &str) -> Self {
        let value = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            value,
        }
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = Job<'_>> {
        let jobs = self.value["jobs"].as_object().into_iter().flatten();
        jobs.map(|(name, value)| Job { name, value })
    }

    /// Returns the message about a fault.
    pub(crate) fn wrong(&self, place: &str, what: &str) -> String {
        format!("{}: {place}: {what}", self.name)
    }
}

impl<'d> Job<'d> {
    pub(crate) fn steps(self) -> &'d [Value] {
        steps(self.value)
    }

    /// Returns the jobs that it waits for.
    pub(crate) fn needs(self) -> Vec<&'d str> {
        match &self.value["needs"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the rows of its matrix; a single empty one if it has no matrix.
    pub(crate) fn rows(self) -> Vec<Map<String, Value>> {
        let matrix = &self.value["strategy"]["matrix"];
        let mut rows = vec![Map::new()];
        for (key, values) in matrix
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != "include")
        {
            let with = |row: &Map<String, Value>, value: &Value| {
                let mut row = row.clone();
                row.insert(key.clone(), value.clone());
                row
            };
            let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
            rows = rows
                .iter()
                .flat_map(|row| values.iter().map(|value| with(row, value)))
                .collect();
        }
        match matrix["include"].as_array() {
            Some(included) => included.iter().filter_map(Value::as_object).cloned().collect(),
            None => rows,
        }
    }
}

/// Returns the steps of a job, or of an action's `runs`.
pub(crate) fn steps(value: &Value) -> &[Value] {
    value["steps"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns a value as text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
