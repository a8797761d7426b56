//! Work is in proportion to files, bodies and arguments.

use clawft_core::Event;
use clawft_tools::{FetchStep, Host, Outcome, Toolbox};
use serde_json::{Value, json};

use crate::{
    memory::{Disk, call, preview, run, settings, workspace},
    work::assert_linear,
};

fn assert_linear_call(name: &str, tool: &str, size: usize, input: impl Fn(usize) -> (String, Value)) {
    assert_linear(
        name,
        size,
        |size| {
            let (content, arguments) = input(size);
            let disk = Disk::new();
            disk.file("work/f", content);
            (disk, arguments)
        },
        |(disk, arguments)| run(&mut workspace(disk), tool, arguments.clone()).content.len(),
    );
}

#[test]
fn edits_take_linear_time() {
    assert_linear_call(
        "a text that nearly occurs everywhere",
        "edit_file",
        40_000,
        |size| {
            let old = ["a".repeat(size / 4), "b".to_owned()].concat();
            (
                "a".repeat(size),
                json!({"path": "f", "old_text": old, "new_text": "x"}),
            )
        },
    );
    assert_linear_call("a text that occurs everywhere", "edit_file", 40_000, |size| {
        (
            "a\n".repeat(size),
            json!({"path": "f", "old_text": "a", "new_text": "x"}),
        )
    });
    assert_linear(
        "preview of many changed lines",
        10_000,
        |size| {
            let disk = Disk::new();
            disk.file("work/f", "a\nb\n".repeat(size));
            (disk, json!({"path": "f", "content": "b\na\n".repeat(size)}))
        },
        |(disk, arguments)| preview(&mut workspace(disk), "write_file", arguments.clone()).len(),
    );
}

#[test]
fn reading_and_searching_take_linear_time() {
    assert_linear_call("last line", "read_file", 20_000, |size| {
        ("a\n".repeat(size), json!({"path": "f", "start_line": size}))
    });
    assert_linear_call("text in a long line", "search_files", 40_000, |size| {
        ("ab".repeat(size), json!({"text": "abab"}))
    });
    assert_linear_call("text that nearly occurs", "search_files", 40_000, |size| {
        let text = ["a".repeat(size / 4), "b".to_owned()].concat();
        ("a".repeat(size), json!({"text": text}))
    });
}

#[test]
fn html_is_reduced_in_linear_time() {
    for (name, part) in [
        ("tags", "<p>"),
        ("open tags", "<a href=\""),
        ("comments", "<!--"),
        ("ends of comments", "<!-- --"),
        ("references", "&amp"),
        ("scripts", "<script>"),
        ("angles", "<"),
        ("words", "a b "),
    ] {
        assert_linear(
            name,
            20_000,
            |size| part.repeat(size),
            |html| {
                let host = Host {
                    http: true,
                    ..Host::default()
                };
                let all = json!({"fetch": {"allow": ["https://a.example"], "max_bytes": 10_000_000}});
                let mut tools = Toolbox::new(settings(&all).unwrap(), host);
                let Outcome::Http(mut fetch, _) =
                    tools.start(&call("fetch", &json!({"url": "https://a.example"})))
                else {
                    panic!("no request")
                };
                let headers = [("content-type".to_owned(), "text/html".to_owned())];
                fetch.feed(Event::Head {
                    status: 200,
                    headers: &headers,
                });
                fetch.feed(Event::Body(html.as_bytes()));
                assert!(matches!(fetch.feed(Event::End), FetchStep::Done(_)));
            },
        );
    }
}
