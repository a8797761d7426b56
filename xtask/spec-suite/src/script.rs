//! A script of the suite as text, with the places of its modules.

use std::{fmt::Write as _, ops::Range};

use anyhow::{Context as _, Result, ensure};
use wast::{
    Wat,
    lexer::{Lexer, Token, TokenKind},
    parser::{self, ParseBuffer},
};

/// The modules of a script, and the parts that say nothing about changed modules.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) modules: Vec<Module>,
    /// The parts, each with what takes its place: assertions about modules that cannot be instantiated, and the reasons
    /// of traps, because a tool may replace a trap by one with another reason.
    others: Vec<(Range<usize>, &'static str)>,
}

/// A module that the script instantiates.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its text, with the parentheses.
    place: Range<usize>,
    /// The name by which the script refers to it, with the `$`; may be empty.
    name: String,
    pub(crate) binary: Vec<u8>,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Fails if it is not balanced, or a module has no binary form.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let mut script = Self::default();
        let mut form: Vec<Token> = Vec::new();
        let mut depth = 0_usize;
        let mut lexer = Lexer::new(text);
        lexer.allow_confusing_unicode(true);
        for token in lexer.iter(0) {
            let token = token?;
            match token.kind {
                TokenKind::LineComment | TokenKind::BlockComment | TokenKind::Whitespace => continue,
                TokenKind::LParen => depth += 1,
                TokenKind::RParen => depth = depth.checked_sub(1).context("there is a `)` too many")?,
                _ => {}
            }
            form.push(token);
            if depth == 0 {
                script.add(text, &form)?;
                form.clear();
            }
        }
        ensure!(depth == 0, "a `)` is missing");
        Ok(script)
    }

    fn add(&mut self, text: &str, form: &[Token]) -> Result<()> {
        let word = |index: usize| form.get(index).map_or("", |token: &Token| token.src(text));
        let place = place(form.first()).start..place(form.last()).end;
        match word(1) {
            "module" => {
                let name = Some(word(2))
                    .filter(|word| word.starts_with('$'))
                    .unwrap_or_default();
                let kind = if name.is_empty() { word(2) } else { word(3) };
                if matches!(kind, "definition" | "instance" | "quote") {
                    return Ok(());
                }
                let module = text.get(place.clone()).unwrap_or_default();
                self.modules.push(Module {
                    binary: binary(module).with_context(|| format!("at byte {}", place.start))?,
                    name: name.to_owned(),
                    place,
                });
            }
            "assert_trap" | "assert_unlinkable" | "assert_exhaustion" => {
                let reason = form.iter().rfind(|token| token.kind == TokenKind::String);
                self.others.push((self::place(reason), "\"\""));
            }
            "assert_invalid" | "assert_malformed" | "assert_invalid_custom" | "assert_malformed_custom" => {
                self.others.push((place, ""));
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns the script with other modules in place of those that have one, and without what says nothing about them.
    pub(crate) fn with(&self, text: &str, changed: &[Option<Vec<u8>>]) -> String {
        let modules = self.modules.iter().zip(changed).filter_map(|(module, changed)| {
            let binary = changed.as_ref()?;
            Some((module.place.clone(), module.written(binary)))
        });
        let others = self
            .others
            .iter()
            .map(|(place, text)| (place.clone(), (*text).to_owned()));
        let mut parts: Vec<_> = modules.chain(others).collect();
        parts.sort_by_key(|(place, _)| place.start);
        let mut joined = String::new();
        let mut end = 0;
        for (place, replacement) in parts {
            joined += text.get(end..place.start).unwrap_or_default();
            joined += &replacement;
            end = place.end;
        }
        joined + text.get(end..).unwrap_or_default()
    }
}

impl Module {
    fn written(&self, binary: &[u8]) -> String {
        let mut text = format!("(module {} binary \"", self.name);
        for byte in binary {
            let _ = write!(text, "\\{byte:02x}");
        }
        text + "\")"
    }
}

fn place(token: Option<&Token>) -> Range<usize> {
    token.map_or(0..0, |token| token.offset..token.offset + token.len as usize)
}

/// Returns the binary form of a module.
fn binary(text: &str) -> Result<Vec<u8>> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    Ok(parser::parse::<Wat<'_>>(&buffer)?.encode()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        ;; (module
        (module $one (func (export "f") unreachable))
        (assert_trap (invoke "f") "unreachable")
        (module quote "(func)")
        (assert_invalid (module (func (drop))) "type mismatch")
        (module binary "\00asm" "\01\00\00\00")
    "#;

    #[test]
    fn modules_are_taken_out_and_put_back() {
        let script = Script::read(TEXT).unwrap();
        let binaries: Vec<_> = script.modules.iter().map(|it| it.binary.as_slice()).collect();
        assert_eq!(binaries.len(), 2);
        assert_eq!(binaries[1], b"\0asm\x01\0\0\0");
        let joined = script.with(TEXT, &[Some(vec![0, 0x61]), None]);
        let expected = TEXT
            .replace(
                r#"(module $one (func (export "f") unreachable))"#,
                r#"(module $one binary "\00\61")"#,
            )
            .replace(r#"(invoke "f") "unreachable""#, r#"(invoke "f") """#)
            .replace(r#"(assert_invalid (module (func (drop))) "type mismatch")"#, "");
        assert_eq!(joined, expected);
    }

    #[test]
    fn unbalanced_scripts_are_errors() {
        assert!(Script::read(")").is_err());
        assert!(Script::read("(module (func $)").is_err());
    }
}
