//! `remember` and `recall`.

use clawft_tools::{Host, Toolbox};
use serde_json::json;

use crate::memory::{Disk, done, refused, settings};

fn toolbox(disk: &Disk) -> Toolbox {
    disk.file("home/config.json", "{}");
    let host = Host {
        home: Some(Box::new(disk.mounted("home"))),
        ..Host::default()
    };
    Toolbox::new(settings(&json!({"notes": true})).unwrap(), host)
}

#[test]
fn keeps_replaces_and_removes_notes() {
    let disk = Disk::new();
    let mut tools = toolbox(&disk);
    assert_eq!(done(&mut tools, "recall", json!({})), "there are no notes");
    for (key, text) in [("name", "Ada"), ("b-1", "x"), ("name", "Grace")] {
        done(&mut tools, "remember", json!({"key": key, "text": text}));
    }
    assert_eq!(done(&mut tools, "recall", json!({})), "b-1\nname");
    assert_eq!(done(&mut tools, "recall", json!({"key": "name"})), "Grace");
    assert_eq!(disk.content("home/notes/name.txt").unwrap(), "Grace");
    done(&mut tools, "remember", json!({"key": "name", "text": ""}));
    refused(&mut tools, "recall", json!({"key": "name"}));
    refused(&mut tools, "remember", json!({"key": "name", "text": ""}));
}

#[test]
fn keys_are_no_paths() {
    let disk = Disk::new();
    let mut tools = toolbox(&disk);
    for key in ["../config", "a/b", "A", "", "ä", "a.txt", &"a".repeat(65)] {
        refused(&mut tools, "remember", json!({"key": key, "text": "x"}));
        if !key.is_empty() {
            refused(&mut tools, "recall", json!({"key": key}));
        }
    }
    assert_eq!(disk.content("home/config.json").unwrap(), "{}");
}

#[test]
fn size_of_notes_is_bounded() {
    let disk = Disk::new();
    let mut tools = toolbox(&disk);
    refused(
        &mut tools,
        "remember",
        json!({"key": "a", "text": "x".repeat(20_000)}),
    );
    for number in 0..500 {
        disk.file(&format!("home/notes/{number}.txt"), "x");
    }
    refused(&mut tools, "remember", json!({"key": "new", "text": "x"}));
    done(&mut tools, "remember", json!({"key": "7", "text": "y"}));
}
