//! The environment: a map in memory, copied from the host.
//!
//! It is a copy, because a component's environment is what its host grants (`wasmtime run --env NAME`), and
//! setting a process's own environment is neither possible on every target nor safe.

#[cfg(all(target_os = "wasi", target_env = "p1"))]
mod preview1;

#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub use preview1::arguments;
#[cfg(all(target_os = "wasi", target_env = "p1"))]
use preview1::host;

/// Environment variables, sorted by name.
///
/// A sorted vector: a process has a few dozen variables, and the code of a tree would be larger than this
/// file's.
#[derive(Clone, Default)]
pub struct WasiEnvironment {
    variables: Vec<(String, String)>,
}

impl WasiEnvironment {
    /// Returns an empty environment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a copy of the host's environment. Variables that are not UTF-8 are left out.
    pub fn from_host() -> Self {
        let mut environment = Self::new();
        for (name, value) in host() {
            environment.set(name, value);
        }
        environment
    }

    /// Returns the value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let index = self.position(name).ok()?;
        self.variables.get(index).map(|(_, value)| value.as_str())
    }

    /// Sets `name`, and replaces a value that it had.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.position(&name) {
            Ok(index) => {
                if let Some((_, known)) = self.variables.get_mut(index) {
                    *known = value;
                }
            }
            Err(index) => self.variables.insert(index, (name, value)),
        }
    }

    /// Removes `name` and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let index = self.position(name).ok()?;
        Some(self.variables.remove(index).1)
    }

    /// Returns all variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.variables
            .binary_search_by(|(known, _)| known.as_str().cmp(name))
    }
}

/// Returns the arguments of the command without its name.
#[cfg(all(target_os = "wasi", target_env = "p2"))]
pub fn arguments() -> impl Iterator<Item = String> {
    wasip2::cli::environment::get_arguments().into_iter().skip(1)
}

/// Returns the arguments of the command without its name. Bytes that are not UTF-8 are replaced by `U+FFFD`.
#[cfg(not(target_os = "wasi"))]
pub fn arguments() -> impl Iterator<Item = String> {
    std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
}

/// Reads the host's environment directly: libc and [`std::env`] would copy it twice more and add 1.4 KB to
/// the component.
#[cfg(all(target_os = "wasi", target_env = "p2"))]
fn host() -> Vec<(String, String)> {
    wasip2::cli::environment::get_environment()
}

#[cfg(not(target_os = "wasi"))]
fn host() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::WasiEnvironment;

    #[test]
    fn copies_the_hosts_environment() {
        let environment = WasiEnvironment::from_host();
        assert_eq!(
            environment.get("PATH").map(str::to_owned),
            std::env::var("PATH").ok()
        );
        assert_eq!(WasiEnvironment::new().iter().count(), 0);
    }

    #[test]
    fn setting_changes_only_the_copy() {
        let mut environment = WasiEnvironment::from_host();
        environment.set("CLAWFT_TEST_ONLY_HERE", "1");
        assert_eq!(environment.get("CLAWFT_TEST_ONLY_HERE"), Some("1"));
        assert!(std::env::var_os("CLAWFT_TEST_ONLY_HERE").is_none());
    }

    proptest! {
        #[test]
        fn behaves_like_an_ordered_map(steps in prop::collection::vec(("[A-C]{1,2}", prop::option::of("[a-z]?")), 0..40)) {
            let (mut environment, mut model) = (WasiEnvironment::new(), BTreeMap::new());
            for (name, value) in steps {
                match value {
                    Some(value) => {
                        environment.set(name.as_str(), value.as_str());
                        model.insert(name.clone(), value);
                    }
                    None => prop_assert_eq!(environment.remove(&name), model.remove(&name)),
                }
                prop_assert_eq!(environment.get(&name), model.get(&name).map(String::as_str));
            }
            let expected = model.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            prop_assert!(environment.iter().eq(expected));
        }
    }
}
