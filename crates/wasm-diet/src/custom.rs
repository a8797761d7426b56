//! The rules for custom sections: which are dropped, which no longer fit an optimised module, which stay.

use serde::Serialize;

/// The treatment of a custom section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It stays as it is, byte for byte.
    Kept,
    /// It is dropped, because only people and tools read it.
    Dropped,
    /// It is dropped, because it fits only the bytes or positions of the original.
    Stale,
}

/// A rule for the custom sections of a name.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name; a `*` at its end stands for any text.
    pub name: &'static str,
    /// The treatment.
    pub fate: Fate,
    /// The content of the section, and the reason.
    pub reason: &'static str,
}

const fn rule(name: &'static str, fate: Fate, reason: &'static str) -> Rule {
    Rule { name, fate, reason }
}

/// All rules. The first one that matches a name applies, and the last one matches every name.
///
/// A module that is in no component keeps the names of its globals: an adapter for `wasm-tools component new` is
/// read by the name of its stack pointer.
pub const RULES: [Rule; 19] = [
    rule("name", Fate::Dropped, "names, for debuggers"),
    rule("component-name", Fate::Dropped, "names, for debuggers"),
    rule("producers", Fate::Dropped, "the names and versions of compilers"),
    rule(
        "target_features",
        Fate::Dropped,
        "the features that the compiler was allowed to use",
    ),
    rule(
        ".debug*",
        Fate::Stale,
        "debug information (DWARF) of the original code",
    ),
    rule(
        "external_debug_info",
        Fate::Stale,
        "the address of debug information of the original code",
    ),
    rule(
        "sourceMappingURL",
        Fate::Stale,
        "the address of a source map of the original code",
    ),
    rule(
        "build_id",
        Fate::Stale,
        "the key to debug information of the original build",
    ),
    rule(
        "metadata.code.*",
        Fate::Stale,
        "hints for operators of the original code",
    ),
    rule(
        "reloc.*",
        Fate::Stale,
        "relocations of the original code that the linker left",
    ),
    rule(
        "linking",
        Fate::Stale,
        "symbols of the original code that the linker left",
    ),
    rule("signature", Fate::Stale, "a signature of the original bytes"),
    rule(
        "signature_delimiter",
        Fate::Stale,
        "a part of the original bytes that was signed",
    ),
    rule(
        "component-type*",
        Fate::Kept,
        "interfaces, from which a component is made",
    ),
    rule("dylink.0", Fate::Kept, "what a dynamic linker has to know"),
    rule(
        "dylink",
        Fate::Kept,
        "what a dynamic linker has to know, in the old form",
    ),
    rule("licence*", Fate::Kept, "the licence"),
    rule("license*", Fate::Kept, "the licence"),
    UNKNOWN,
];

/// The rule for every other name.
const UNKNOWN: Rule = rule("*", Fate::Kept, "not known: somebody may read it");

/// Returns the rule for the custom sections of this name.
pub fn rule_of(name: &str) -> Rule {
    let matching = RULES.into_iter().find(|rule| matches(rule.name, name));
    matching.unwrap_or(UNKNOWN)
}

/// Returns whether `pattern`, a name in which a `*` at the end stands for any text, matches `name`.
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_matching_rule_applies() {
        let fate = |name: &str| rule_of(name).fate;
        assert_eq!(fate("name"), Fate::Dropped);
        assert_eq!(fate("names"), Fate::Kept);
        assert_eq!(fate(".debug_info"), Fate::Stale);
        assert_eq!(fate("reloc..debug_info"), Fate::Stale);
        assert_eq!(fate("metadata.code.branch_hint"), Fate::Stale);
        assert_eq!(
            fate("component-type:wit-bindgen:0.41.0:p:w:encoded world"),
            Fate::Kept
        );
        assert_eq!(fate("contractspecv0"), Fate::Kept);
        assert_eq!(rule_of("").name, "*");
    }
}
