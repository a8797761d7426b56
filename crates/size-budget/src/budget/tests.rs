//! The budget file: valid content, and exactness both ways.

use super::*;

const FILE: &str = r#"
[artifact."a.wasm"]
raw = { limit = "300 B", ratchet = "200 B" }
gzip = { limit = "150 B", ratchet = "100 B" }
"#;

fn budget(text: &str) -> Result<Budget> {
    Budget::parse("size-budget.toml".to_owned(), text.to_owned())
}

fn check(made: &[(&str, Measured)], known: &[&str]) -> Result<(), String> {
    budget(FILE)
        .unwrap()
        .check(made, known)
        .map_err(|error| error.to_string())
}

#[test]
fn fails_one_byte_above_the_ratchet() {
    assert_eq!(
        check(&[("a.wasm", Measured { raw: 200, gzip: 100 })], &["a.wasm"]),
        Ok(())
    );
    let error = check(&[("a.wasm", Measured { raw: 201, gzip: 100 })], &["a.wasm"]).unwrap_err();
    assert!(
        error.contains("size-budget.toml:3: `a.wasm` is 201 bytes raw, 1 over its ratchet of 200 bytes"),
        "{error}"
    );
}

#[test]
fn allowance_never_exceeds_the_limit() {
    let check = |growth: &str, raw: usize| {
        let text = FILE.replace(
            r#"ratchet = "200 B""#,
            &format!(r#"ratchet = "200 B", growth = "{growth}""#),
        );
        let check = budget(&text)
            .unwrap()
            .check(&[("a.wasm", Measured { raw, gzip: 100 })], &["a.wasm"]);
        check.map_err(|error| error.to_string())
    };
    assert_eq!(check("50 B", 250), Ok(()));
    let error = check("50 B", 251).unwrap_err();
    assert!(
        error.contains("51 over its ratchet of 200 bytes, and may grow by 50 unasked"),
        "{error}"
    );
    assert_eq!(check("500 B", 300), Ok(()));
    assert!(
        check("500 B", 301)
            .unwrap_err()
            .contains("1 over its limit of 300 bytes")
    );
}

#[test]
fn error_names_the_exceeded_limit() {
    let error = check(&[("a.wasm", Measured { raw: 200, gzip: 1151 })], &["a.wasm"]).unwrap_err();
    assert!(
        error.contains(
            "size-budget.toml:4: `a.wasm` is 1,151 bytes gzip -9, 1,001 over its limit of 150 bytes"
        ),
        "{error}"
    );
}

#[test]
fn error_lists_all_violations() {
    let too_big = Measured { raw: 999, gzip: 999 };
    let error = check(&[("a.wasm", too_big), ("b.wasm", too_big)], &["b.wasm"]).unwrap_err();
    assert_eq!(error.lines().count(), 5, "{error}");
    assert!(error.contains("`b.wasm` has no row"), "{error}");
    assert!(
        error.contains("the row `a.wasm` is for none of the files"),
        "{error}"
    );
}

#[test]
fn ignores_rows_of_other_runs() {
    assert_eq!(check(&[], &["a.wasm"]), Ok(()));
}

#[test]
fn error_names_the_line_of_a_mistake() {
    let error = |from: &str, to: &str| {
        let text = FILE.replace(from, to);
        assert_ne!(text, FILE);
        budget(&text).unwrap_err().to_string()
    };
    let cases = [
        ("ratchet = \"200 B\"", "ratchet = \"200\"", "it has no unit"),
        ("ratchet = \"200 B\"", "ratchet = 200", "it has no unit"),
        ("ratchet = \"200 B\"", "ratchet = -200", "a size is not negative"),
        (
            "ratchet = \"200 B\"",
            "rachet = \"200 B\"",
            "unknown field `rachet`",
        ),
        ("raw =", "row =", "unknown field `row`"),
        (
            "ratchet = \"200 B\"",
            "ratchet = \"400 B\"",
            "size-budget.toml:3: the raw ratchet",
        ),
    ];
    for (from, to, expected) in cases {
        let error = error(from, to);
        assert!(error.contains(expected), "{to}: {error}");
        assert!(error.contains("line 3") || error.contains(":3:"), "{to}: {error}");
    }
}

#[test]
fn error_names_a_missing_file() {
    let error = Budget::load(Path::new("/nowhere/size-budget.toml")).unwrap_err();
    assert!(
        error.to_string().contains("`/nowhere/size-budget.toml`"),
        "{error}"
    );
}

fn cures(text: &str, made: &[(&str, Measured)], known: &[&str]) -> Vec<String> {
    let error = budget(text).unwrap().check(made, known).unwrap_err();
    error.downcast_ref::<Violations>().unwrap().cures("accept it")
}

#[test]
fn each_kind_of_violation_has_its_cure() {
    let sizes = |raw, gzip| Measured { raw, gzip };
    let above_ratchet = cures(FILE, &[("a.wasm", sizes(201, 100))], &["a.wasm"]);
    assert_eq!(above_ratchet, ["make it smaller, or accept it"]);
    let above_limit = cures(FILE, &[("a.wasm", sizes(301, 100))], &["a.wasm"]);
    assert!(
        above_limit.len() == 1 && !above_limit[0].contains("accept it"),
        "{above_limit:?}"
    );
    let extra = cures(FILE, &[], &[]);
    assert!(
        extra.len() == 1 && extra[0].contains("remove the row"),
        "{extra:?}"
    );
    let missing = cures(FILE, &[("b.wasm", sizes(1234, 9))], &["a.wasm", "b.wasm"]);
    assert!(
        missing.len() == 1 && missing[0].contains("add a row"),
        "{missing:?}"
    );
    let row = "[artifact.\"b.wasm\"]\nraw = { limit = \"1_234 B\", ratchet = \"1_234 B\" }";
    assert!(missing[0].contains(row), "{missing:?}");
    let empty = cures("", &[("b.wasm", sizes(1234, 9))], &["b.wasm"]);
    assert!(
        empty[0].starts_with("the budget has no rows: restore") && empty[1].contains(row),
        "{empty:?}"
    );
}

#[test]
fn proposed_row_holds_for_its_artifact() {
    let measured = Measured {
        raw: 120_798,
        gzip: 9,
    };
    for name in [
        "b.wasm",
        "web/b.wasm",
        "a \"b\" \\ '\u{1b}\u{7f}\n.wasm",
        "'''",
        "",
    ] {
        let check = |text: &str| budget(text).unwrap().check(&[(name, measured)], &[name]);
        let error = check("").unwrap_err();
        let row = error.downcast_ref::<Violations>().unwrap().cures("")[1].clone();
        assert!(check(&row).is_ok(), "{row}");
    }
}
