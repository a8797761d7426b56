//! The message, the session and the model of a chat.

use std::fs;

use serde_json::json;

use crate::common::{Home, Run};

fn sessions(home: &Home) -> Vec<String> {
    let list = Run::of(home.plain_command(&["sessions", "list", "--json"]), "").result();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let id = |entry: &serde_json::Value| entry["id"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(id).collect()
}

#[test]
fn sends_arguments_files_and_input_together() {
    let home = Home::new("ok");
    let file = home.path("notes.txt");
    fs::write(&file, "a note\n").unwrap();
    let file = file.to_str().unwrap();
    let with_file = format!("explain\n\n<file name=\"{file}\">\na note\n</file>");
    for (arguments, input, message) in [
        (
            vec!["explain", "this"],
            "a file\n",
            "explain this\n\na file".to_owned(),
        ),
        (vec!["explain", "this"], "", "explain this".to_owned()),
        (vec!["is", "-", "it?"], "this", "is this it?".to_owned()),
        (vec!["--file", file, "explain"], "", with_file),
        (vec![], "only input", "only input".to_owned()),
    ] {
        let call = [vec!["chat"], arguments, vec!["--session", "default"]].concat();
        let answer = Run::of(home.plain_command(&call), input).result();
        assert_eq!(answer, format!("echo: {message}\n"));
        let sent = home.session("default").messages;
        assert_eq!(sent[sent.len() - 2].content, message);
    }
    let call = home.plain_command(&["chat", "--file", "no-such-file", "hi"]);
    let said = Run::of(call, "").failure(1);
    assert_eq!(
        said,
        "error: cannot read `no-such-file`: no such file or directory\n"
    );
}

#[test]
fn each_call_begins_a_conversation_of_its_own() {
    let home = Home::new("ok");
    let said = Run::of(home.plain_command(&["chat", "-c", "hi"]), "").failure(1);
    assert!(said.contains("there is no conversation to continue"), "{said}");
    Run::of(home.plain_command(&["chat", "one"]), "").result();
    Run::of(home.plain_command(&["chat", "two"]), "").result();
    let all = sessions(&home);
    assert_eq!(all.len(), 2);
    for id in &all {
        assert_eq!(home.session(id).messages.len(), 2);
    }
    let printed = Run::of(home.plain_command(&["chat", "--continue", "--json", "three"]), "").result();
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let id = printed["session"].as_str().unwrap();
    let contents: Vec<String> = home
        .session(id)
        .messages
        .into_iter()
        .map(|it| it.content)
        .collect();
    assert_eq!(contents, ["two", "echo: two", "three", "echo: three"]);
    assert_eq!(sessions(&home)[0], id);
}

#[test]
fn a_key_in_the_environment_is_enough() {
    let home = Home::new("ok");
    let config: serde_json::Value =
        serde_json::from_slice(&fs::read(home.path("config.json")).unwrap()).unwrap();
    let base = config["providers"]["providers"]["openai"]["api_base"]
        .as_str()
        .unwrap();
    fs::remove_file(home.path("config.json")).unwrap();
    let mut call = home.plain_command(&["chat", "--json", "hi"]);
    call.env("OPENAI_API_KEY", crate::common::KEY)
        .env("OPENAI_BASE_URL", base);
    let printed: serde_json::Value = serde_json::from_str(&Run::of(call, "").result()).unwrap();
    assert_eq!(
        (&printed["text"], &printed["model"]),
        (&json!("echo: hi"), &json!("gpt-4o-mini"))
    );

    let said = Run::of(home.plain_command(&["chat", "hi"]), "").failure(4);
    assert!(
        said.starts_with(
            "error: no provider is configured: set the key of one, such as `OPENAI_API_KEY`, or create"
        ),
        "{said}"
    );
}

#[test]
fn options_replace_the_configured_values() {
    let home = Home::new("ok");
    let mut config: serde_json::Value =
        serde_json::from_slice(&fs::read(home.path("config.json")).unwrap()).unwrap();
    let local = config["providers"]["providers"]["openai"].clone();
    config["providers"]["providers"]["local"] = local;
    config["agents"]["provider"] = json!("openai");
    home.configure(&config);
    let call = [
        "chat",
        "--json",
        "--system",
        "Be brief.",
        "--temperature",
        "0.5",
        "--model",
        "local/another",
        "hi",
    ];
    let printed: serde_json::Value =
        serde_json::from_str(&Run::of(home.plain_command(&call), "").result()).unwrap();
    assert_eq!(printed["model"], "another");
    let request = home.last_request();
    let log = request["body"].as_str().unwrap();
    for part in [r#""temperature":0.5"#, "Be brief.", r#""model":"another""#] {
        assert!(log.contains(part), "{log}");
    }
    let said = Run::of(home.plain_command(&["chat", "--temperature", "3", "hi"]), "").failure(2);
    assert!(said.contains("a temperature is a number from 0 to 2"), "{said}");
}

#[test]
fn images_go_with_message_and_stay_in_session() {
    let home = Home::new("ok");
    let image = home.path("photo.png");
    fs::write(&image, b"\x89PNG\r\n\x1a\n").unwrap();
    let image = image.to_str().unwrap();
    let url = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } });
    let text = json!({ "type": "text", "text": "what is it?" });
    let sent = || {
        let body: serde_json::Value =
            serde_json::from_str(home.last_request()["body"].as_str().unwrap()).unwrap();
        body["messages"].clone()
    };
    home.run(&["chat", "--image", image, "what is it?"]).result();
    assert_eq!(sent()[0]["content"], json!([url, text]));
    // The file is not needed any more.
    fs::remove_file(image).unwrap();
    home.run(&["chat", "and now?"]).result();
    assert_eq!(sent()[0]["content"], json!([url, text]));
    assert_eq!(sent()[2]["content"], "and now?");
    let shown = home.run(&["sessions", "show", "default"]).result();
    assert!(
        shown.starts_with("> [image: image/png, 1 kB]\n> what is it?\n"),
        "{shown}"
    );
    let notes = home.path("notes.png");
    fs::write(&notes, "text").unwrap();
    let said = home
        .run(&["chat", "--image", notes.to_str().unwrap(), "hi"])
        .failure(1);
    assert!(
        said.contains("is not an image in PNG, JPEG, GIF or WebP: send a text file with `--file`"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn damaged_key_is_not_a_missing_one() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let home = Home::new("ok");
    let key = OsStr::from_bytes(b"sk-\xff");
    let mut call = home.command(&["chat", "hi"]);
    call.env("TEST_KEY", key);
    let said = Run::of(call, "").failure(4);
    assert!(
        said.contains("holds a character that no HTTP header may"),
        "{said}"
    );
    // So it is without a configuration, even where a server would need no key.
    fs::remove_file(home.path("config.json")).unwrap();
    let mut call = home.command(&["chat", "hi"]);
    call.env("OPENAI_API_KEY", key)
        .env("OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    let said = Run::of(call, "").failure(4);
    assert!(said.contains("the variable `OPENAI_API_KEY`"), "{said}");
}
