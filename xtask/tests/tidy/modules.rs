//! Modules of a package that use one another: a scanner of Rust sources, and the edges that are part of a cycle.
//!
//! A module here is one below the root of the package, with everything in it. It uses another module if a path
//! that begins with `crate`, `super` or `self` leads to the root and from there into the other; code in tests
//! counts. A macro with `#[macro_export]` belongs to the module that defines it, although its path is one of the root.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, iter,
    path::Path,
};

/// The name of the contents of `main.rs` or `lib.rs`: everything in the root that is not a module.
const ROOT: &str = "main";

/// The uses of modules by one another.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// The positions, as `file:line`, where each module uses each other module.
    positions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// The module that defines each exported macro.
    macros: BTreeMap<String, String>,
}

impl Uses {
    /// Reads all files below `directory`, the sources of a package.
    pub(crate) fn read(directory: &Path) -> Self {
        let mut uses = Self::default();
        let mut open = vec![directory.to_owned()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(directory).unwrap().to_str().unwrap();
                uses.add(name, &fs::read_to_string(&path).unwrap());
            }
        }
        uses.settle();
        uses
    }

    /// Adds the file `name`, such as `smoke/cases/mod.rs`.
    fn add(&mut self, name: &str, text: &str) {
        let path = name.strip_suffix(".rs").unwrap_or(name);
        let path: Vec<&str> = path
            .split('/')
            .filter(|part| !["mod", "main", "lib"].contains(part))
            .collect();
        let module = path.first().copied().unwrap_or(ROOT);
        let mut scanner = Scanner {
            tokens: tokens(text),
            found: Vec::new(),
            macros: Vec::new(),
        };
        scanner.scan(path.len());
        let of_module = self.positions.entry(module.to_owned()).or_default();
        for (line, used) in scanner.found.into_iter().filter(|(_, used)| used != module) {
            of_module.entry(used).or_default().push(format!("{name}:{line}"));
        }
        let macros = scanner.macros.into_iter();
        self.macros.extend(macros.map(|name| (name, module.to_owned())));
    }

    /// Counts names that are not modules as the root, or as the module of the macro, and sorts the positions.
    fn settle(&mut self) {
        let modules: BTreeSet<String> = self.positions.keys().cloned().collect();
        for (module, used) in &mut self.positions {
            let others: Vec<String> = used
                .keys()
                .filter(|name| !modules.contains(*name))
                .cloned()
                .collect();
            for other in others {
                let places = used.remove(&other).unwrap_or_default();
                let owner = self.macros.get(&other).map_or(ROOT, String::as_str);
                used.entry(owner.to_owned()).or_default().extend(places);
            }
            used.remove(module);
            used.values_mut().for_each(|places| places.sort());
        }
    }

    /// Returns the modules without the root.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &str> {
        self.positions
            .keys()
            .map(String::as_str)
            .filter(|name| *name != ROOT)
    }

    /// Returns the modules that `module` uses.
    pub(crate) fn of<'u>(&'u self, module: &str) -> impl Iterator<Item = &'u str> {
        self.positions
            .get(module)
            .into_iter()
            .flatten()
            .map(|(used, _)| used.as_str())
    }

    /// Returns all cycles of modules: a message for each pair, with the positions.
    pub(crate) fn cycles(&self) -> Vec<String> {
        let pairs = self
            .positions
            .iter()
            .flat_map(|(module, used)| iter::repeat(module).zip(used));
        let circular = pairs.filter(|(module, (used, _))| self.reached(used).contains(module.as_str()));
        let complain = |(module, (used, places)): (&String, (&String, &Vec<String>))| {
            format!(
                "`{module}` uses `{used}`, which leads back to it: {}",
                places.join(", ")
            )
        };
        circular.map(complain).collect()
    }

    /// Returns everything that `module` uses, directly or through others.
    fn reached(&self, module: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = self.of(module).collect();
        while let Some(module) = open.pop() {
            if reached.insert(module) {
                open.extend(self.of(module));
            }
        }
        reached
    }
}

/// A word or a mark, and its line. Texts, characters and comments are not tokens.
pub(crate) type Token = (usize, String);

/// Splits `text` into tokens. `::` is one.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let (length, is_token) = if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            match literal(&rest[length..]) {
                Some(more) if ["r", "b", "br", "c", "cr"].contains(&&rest[..length]) => {
                    (length + more, false)
                }
                _ => (length, true),
            }
        } else if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if first == '"' {
            (quoted(rest), false)
        } else if first == '\'' {
            (character(rest), false)
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            (first.len_utf8(), !first.is_whitespace())
        };
        if is_token {
            tokens.push((line, rest[..length].to_owned()));
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the length of a literal without its prefix, such as the `r` in `r#"…"#`; `None` if the prefix was not one.
fn literal(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    match text[hashes..].chars().next()? {
        '"' if hashes == 0 => Some(quoted(text)),
        '"' => {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 1;
            Some(
                text[start..]
                    .find(&end)
                    .map_or(text.len(), |at| start + at + end.len()),
            )
        }
        '\'' if hashes == 0 => Some(character(text)),
        _ => None,
    }
}

/// Returns the length of the quoted text that `text` begins with.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// Returns the length of the quoted character that `text` begins with; for a lifetime, that of its mark.
fn character(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((at, c))) => {
            let start = at + c.len_utf8();
            text[start..].find('\'').map_or(text.len(), |end| start + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// Returns the length of the comment that `text` begins with, including nested ones.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let step = if rest.starts_with("/*") {
            depth += 1;
            2
        } else if rest.starts_with("*/") {
            depth -= 1;
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Finds the names of the root that the tokens of a file use, with their lines, and the macros that it exports.
struct Scanner {
    tokens: Vec<Token>,
    found: Vec<(usize, String)>,
    macros: Vec<String>,
}

impl Scanner {
    /// Scans all tokens of a file whose module is `depth` levels below the root.
    fn scan(&mut self, depth: usize) {
        // For each open brace, whether it is that of a module.
        let mut braces: Vec<bool> = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let depth = depth + braces.iter().filter(|is_module| **is_module).count();
            match self.token(at) {
                "{" => {
                    let is_module = at >= 2 && self.token(at - 2) == "mod";
                    braces.push(is_module);
                }
                "}" => {
                    braces.pop();
                }
                "mod" if depth == 0 && self.token(at + 2) == ";" => self.find(at + 1),
                "macro_export" => self.macros.extend(self.macro_after(at)),
                "crate" | "super" | "self" if self.begins_a_path(at) => {
                    let level = if self.token(at) == "crate" { 0 } else { depth };
                    at = self.tree(at, level);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn begins_a_path(&self, at: usize) -> bool {
        self.token(at + 1) == "::" && (at == 0 || self.token(at - 1) != "::")
    }

    /// Follows a path, or a tree of paths, that begins `level` levels below the root, and returns the next token.
    fn tree(&mut self, at: usize, level: usize) -> usize {
        if self.token(at) == "{" {
            let mut at = at + 1;
            while !["}", ""].contains(&self.token(at)) {
                at = self.tree(at, level);
                // A new name after `as`, or a mark that is not part of a path.
                while ![",", "}", ""].contains(&self.token(at)) {
                    at += 1;
                }
                at += usize::from(self.token(at) == ",");
            }
            return at + 1;
        }
        let level = match self.token(at) {
            "crate" => 0,
            "self" => level,
            "super" => level.saturating_sub(1),
            token => {
                if !token.starts_with(|c| is_word(c) || c == '*') {
                    return at;
                }
                if level == 0 {
                    self.find(at);
                }
                level + 1
            }
        };
        if self.token(at + 1) == "::" {
            self.tree(at + 2, level)
        } else {
            at + 1
        }
    }

    /// Returns the name of the macro whose attribute is at this index.
    fn macro_after(&self, at: usize) -> Option<String> {
        let mut rest = self.tokens.iter().skip(at).map(|(_, token)| token);
        rest.find(|token| *token == "macro_rules")?;
        rest.nth(1).cloned()
    }

    fn find(&mut self, at: usize) {
        self.found.extend(self.tokens.get(at).cloned());
    }

    /// Returns the token at this index; empty after the last.
    fn token(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |(_, token)| token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(files: &[(&str, &str)]) -> Uses {
        let mut uses = Uses::default();
        files.iter().for_each(|(name, text)| uses.add(name, text));
        uses.settle();
        uses
    }

    /// Returns the names that the module `a/b` uses in `text`.
    fn used(text: &str) -> Vec<String> {
        let modules = ["c", "d", "e"].map(|name| format!("{name}.rs"));
        let mut files = vec![("a/b.rs", text)];
        files.extend(modules.iter().map(|name| (name.as_str(), "")));
        uses(&files).of("a").map(str::to_owned).collect()
    }

    #[test]
    fn finds_cycle_with_its_positions() {
        let files = [
            ("main.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
            ("a/mod.rs", "use crate::{\n    b,\n    d,\n};\n"),
            ("b.rs", "fn one() {\n    crate::c::two();\n}\n"),
            ("c/deep.rs", "use super::super::a;\n"),
            ("d.rs", "use crate::c;\n"),
        ];
        let complaints = [
            "`a` uses `b`, which leads back to it: a/mod.rs:2",
            "`a` uses `d`, which leads back to it: a/mod.rs:3",
            "`b` uses `c`, which leads back to it: b.rs:2",
            "`c` uses `a`, which leads back to it: c/deep.rs:1",
            "`d` uses `c`, which leads back to it: d.rs:1",
        ];
        assert_eq!(uses(&files).cycles(), complaints);
        let line = [
            ("main.rs", "mod a;\nmod b;\n"),
            ("a.rs", "use crate::b;"),
            ("b.rs", "use std::a;"),
        ];
        assert_eq!(uses(&line).cycles(), [""; 0]);
    }

    #[test]
    fn use_of_root_items_is_a_cycle() {
        let complaints = uses(&[("main.rs", "mod a;"), ("a.rs", "fn f() { crate::dispatch() }")]).cycles();
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints[0].starts_with("`a` uses `main`"), "{complaints:?}");
        assert_eq!(
            uses(&[("main.rs", "mod a;"), ("a.rs", "use crate::*;")])
                .cycles()
                .len(),
            2
        );
    }

    #[test]
    fn exported_macro_belongs_to_its_module() {
        let exported = "#[macro_export]\n#[rustfmt::skip]\nmacro_rules! m { () => { $crate::m!(@) } }";
        let files = [
            ("main.rs", "mod a;\nmod b;"),
            ("a.rs", exported),
            ("b.rs", "use crate::m;"),
        ];
        let found = uses(&files);
        assert_eq!(found.cycles(), [""; 0]);
        assert_eq!(found.of("b").collect::<Vec<_>>(), ["a"]);
        let hidden = exported.replace("#[macro_export]", "");
        let of_root = uses(&[files[0], ("a.rs", &hidden), files[2]]).cycles();
        assert_eq!(of_root.len(), 4, "{of_root:?}");
    }

    #[test]
    fn follows_all_forms_of_paths() {
        for text in [
            "use crate::c;",
            "use crate::c::{self, x::{y, z}};",
            "use crate::{a::x, c};",
            "pub(crate) use super::super::c::d;",
            "use super::{super::c, x};",
            "use self::super::super::c;",
            "fn f(x: crate::c::X<'_>) {}",
            "fn f() { let x: Vec<crate::c::X> = vec![]; }",
            "mod tests { use super::{super::super::c::d, *}; }",
            "mod tests { fn f() {} } use super::super::c;",
            "macro_rules! m { () => { $crate::c::m!() } }",
        ] {
            assert_eq!(used(text), ["c"], "{text}");
        }
        assert_eq!(used("use crate::{c::{x, y}, d, e::z as d};"), ["c", "d", "e"]);
    }

    #[test]
    fn paths_inside_a_module_use_nothing() {
        for text in [
            "use super::c;",
            "use super::{c, d::e};",
            "use self::c;",
            "use crate::a::c;",
            "mod tests { use super::super::c; }",
            "mod tests { use super::*; }",
            "pub(super) struct C { c: d::E }",
            "use std::c;",
        ] {
            assert_eq!(used(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn texts_and_comments_use_nothing() {
        for text in [
            "// use crate::c;\n",
            "/* /* use */ crate::c */",
            "//! [`x`](crate::c)\n",
            r#"const C: &str = "use crate::c";"#,
            r##"const C: &str = "\"use crate::c";"##,
            r###"const C: &[u8] = br#""use crate::c"#;"###,
        ] {
            assert_eq!(used(text), [""; 0], "{text}");
        }
        assert_eq!(
            used("const C: char = '\"'; use crate::c; const D: char = '\"';"),
            ["c"]
        );
        assert_eq!(
            used(r"const C: char = '\''; use crate::c; const D: u8 = b'\'';"),
            ["c"]
        );
        assert_eq!(used("fn f<'a>(x: &'a str) {} use crate::c; // '\n"), ["c"]);
    }
}
