use proptest::prelude::*;

use super::*;

/// Returns the whole answer without its colours.
fn shown(text: &str, width: usize) -> String {
    plain(&whole(text, width))
}

fn whole(text: &str, width: usize) -> String {
    let mut markdown = Markdown::new(width);
    markdown.push(text) + &markdown.end()
}

fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut parts = text.split('\x1b');
    plain.push_str(parts.next().unwrap());
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    plain
}

#[test]
fn blocks_keep_their_distances() {
    let text = "# Title\nText\nmore.\n\n\n- a\n- b\n  - c\n\n1. x\n\n   y\n2. z\n\n> q\n>\n> r\n\n---\nend";
    assert_eq!(
        shown(text, 40),
        format!(
            "Title\nText\nmore.\n\n• a\n• b\n  • c\n\n1. x\n\n   y\n2. z\n\n│ q\n│\n│ r\n\n{}\nend\n",
            "─".repeat(40)
        )
    );
}

#[test]
fn styles_are_colours_and_marks_disappear() {
    assert_eq!(
        whole("**b** *i* ~~s~~ `c  d`", 40),
        "\x1b[1mb\x1b[0m \x1b[3mi\x1b[0m \x1b[9ms\x1b[0m \x1b[36mc  d\x1b[0m\n"
    );
    assert_eq!(shown("a**b**c 2 * 3 * 4", 40), "abc 2 * 3 * 4\n");
    assert_eq!(
        shown("[a](https://a.example) <https://b.example> ![c](d.png)", 60),
        "a (https://a.example) https://b.example [image: c] (d.png)\n"
    );
    assert_eq!(shown("- [x] done\n- [ ] open", 40), "• ☑ done\n• ☐ open\n");
}

#[test]
fn tables_are_aligned_and_fit_the_terminal() {
    let table = "| a | number |\n|---|---:|\n| one | 1 |\n| two | 22 |\n";
    assert_eq!(
        shown(table, 40),
        "a   │ number\n────┼───────\none │      1\ntwo │     22\n"
    );
    let long = format!("| a | b |\n|---|---|\n| {0} | {0} |\n", "word ".repeat(20));
    let shown = shown(&long, 40);
    assert!(shown.lines().all(|line| line.chars().count() <= 40), "{shown}");
    assert_eq!(shown.matches("word").count(), 40);
}

#[test]
fn lines_break_between_words() {
    let shown = shown(
        "one two three four five six seven\n\n- one two three four five",
        20,
    );
    assert_eq!(
        shown,
        "one two three four\nfive six seven\n\n• one two three four\n  five\n"
    );
}

#[test]
fn code_appears_line_by_line_and_unchanged() {
    let mut markdown = Markdown::new(20);
    assert_eq!(
        markdown.push("Text:\n\n```rust\nfn main() {"),
        "Text:\n\n\x1b[2m```rust\x1b[0m\n"
    );
    assert_eq!(
        plain(&markdown.push("\n    a  b\n\n")),
        "fn main() {\n    a  b\n\n"
    );
    assert_eq!(plain(&markdown.push("}\n```\nend")), "}\n```\n");
    assert_eq!(markdown.end(), "end\n");
    assert_eq!(shown("```\n*a*\n", 20), "```\n*a*\n");
    assert_eq!(
        shown("1. a\n   ```\n   b\n   ```\n2. c", 20),
        "1. a\n   ```\n   b\n   ```\n2. c\n"
    );
}

#[test]
fn blocks_appear_when_they_are_complete() {
    let mut markdown = Markdown::new(40);
    assert_eq!(markdown.push("# T\n"), "\x1b[1m\x1b[4mT\x1b[0m\n");
    assert_eq!(markdown.push("\none\n"), "");
    assert_eq!(markdown.preview(), "\none\n");
    assert_eq!(markdown.push("\n"), "\none\n");
    assert_eq!(markdown.push("1. a\n"), "");
    assert_eq!(markdown.push("1. b\n"), "\n1. a\n");
    assert_eq!(markdown.push("1. c"), "");
    assert_eq!(markdown.end(), "2. b\n3. c\n");
}

#[test]
fn no_text_of_markdown_is_dropped() {
    for (text, expected) in [
        ("<b>x</b> &amp; y", "<b>x</b> & y\n"),
        (
            "<details>\n<summary>s</summary>\n</details>\n",
            "<details>\n<summary>s</summary>\n</details>\n",
        ),
        (
            "see [1]\n\n[1]: https://a.example\n",
            "see 1 (https://a.example)\n\n[1]: https://a.example\n",
        ),
        ("a[^1]\n\n[^1]: note\n", "a[^1]\n\n[^1]: note\n"),
        ("$x_1 + y_1$ and \\(a_b\\)", "$x_1 + y_1$ and (a_b)\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\x1b]0;t\x07b", "a\u{fffd}]0;t\u{fffd}b\n"),
        // Entities are no way around that.
        ("a&#27;]0;t&#7;`b`&#x9b;2J", "a\u{fffd}]0;t\u{fffd}b\u{fffd}2J\n"),
        (
            "[a](&#27;c) ![b](&#27;c)",
            "a (\u{fffd}c) [image: b] (\u{fffd}c)\n",
        ),
        ("```a&#27;c\n&#27;c\n```\n", "```a\u{fffd}c\n&#27;c\n```\n"),
        ("- ```a&#27;c\n  x\n  ```\n", "• ```a\u{fffd}c\n  x\n  ```\n"),
        ("| a&#27;c |\n|---|\n| b&#10;c |\n", "a\u{fffd}c\n───\nb c\n"),
        ("-\n- a", "•\n• a\n"),
        ("", ""),
    ] {
        assert_eq!(shown(text, 60), expected, "{text}");
    }
}

#[test]
fn long_blocks_take_time_in_proportion() {
    // With quadratic work this would take a minute.
    let list = "* > item of a list\n".repeat(4000);
    let paragraph = "word word\n".repeat(8000);
    for text in [list, paragraph, "> ".repeat(8000), "- ".repeat(8000)] {
        let mut markdown = Markdown::new(80);
        for part in text.as_bytes().chunks(7) {
            markdown.push(std::str::from_utf8(part).unwrap());
        }
        markdown.end();
    }
}

proptest! {
    #[test]
    fn parts_make_the_same_answer(
        lines in prop::collection::vec("(# |- |1\\. |> |```|\\| a |  |)[a-c*`_ ]{0,6}", 0..12),
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let text = lines.join("\n");
        let mut markdown = Markdown::new(40);
        let mut cuts: Vec<usize> = at.iter().map(|at| at.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let mut out = String::new();
        let mut start = 0;
        for cut in cuts {
            out.push_str(&markdown.push(&text[start..cut]));
            start = cut;
        }
        out.push_str(&markdown.push(&text[start..]));
        out.push_str(&markdown.end());
        let letters = |text: &str| text.chars().filter(|c| matches!(c, 'a'..='c')).collect::<String>();
        // Whatever the parts are, no letter is lost or moved.
        prop_assert_eq!(letters(&plain(&out)), letters(&text));
    }
}
