//! Sessions and responses in the database.

use std::thread;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use testkit::http;

use super::cases;
use crate::replicas::context::{ReplicasContext, texts, turn};

cases! {
    store:
    two_replicas_keep_both_turns_in_order,
    deleted_session_is_not_stored_by_other_replica,
    truncated_session_is_the_same_everywhere,
    replacing_turn_gives_way_to_other_replica,
    three_replicas_migrate_at_the_same_time,
    response_is_continued_by_other_replica,
    sessions_move_both_ways,
    config_shows_no_password,
}

const WORDS: &str = "one two three four five six seven eight";

fn two_replicas_keep_both_turns_in_order(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    let one = test.replica("one", "stream-slow", &database.url())?;
    let other = test.replica("other", "stream-slow", &database.url())?;
    for id in ["new", "old"] {
        if id == "old" {
            turn(&one, id, "first")?;
        }
        // Both are asked with the same history, and the first one ends last.
        let mut first = http::say(one.address(), id, &format!("{WORDS} nine ten"))?;
        first.piece()?.context("no piece came")?;
        let second = http::say(other.address(), id, WORDS)?;
        let rest = second.raw()?;
        ensure!(rest.contains(r#""stored":true"#), "the second turn: {rest}");
        let rest = first.raw()?;
        ensure!(rest.contains(r#""stored":true"#), "the first turn: {rest}");
        let found = texts(one.address(), id)?;
        let before = if id == "old" { 2 } else { 0 };
        ensure!(found.len() == before + 4, "the session holds {found:?}");
        for pair in found.chunks(2) {
            ensure!(
                pair[1] == format!("echo: {}", pair[0]),
                "a turn is torn: {found:?}"
            );
        }
        ensure!(texts(other.address(), id)? == found, "the replicas disagree");
    }
    // The next turn knows all of them, wherever it is asked.
    turn(&other, "old", "last")?;
    let requests = test.requests()?;
    let known = requests.last().context("no request")?.messages()?;
    ensure!(known.len() == 7, "the next turn knows {known:?}");
    let list = http::get(one.address(), "/v1/sessions", None)?.json()?;
    ensure!(
        list["data"][0]["id"] == "old" && list["data"][0]["messages"] == 8 && list["data"][1]["title"] != "",
        "the list is {list}"
    );
    Ok(())
}

fn deleted_session_is_not_stored_by_other_replica(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    let one = test.replica("one", "stream-slow", &database.url())?;
    let other = test.replica("other", "ok", &database.url())?;
    turn(&other, "s", "first")?;
    let mut running = http::say(one.address(), "s", WORDS)?;
    running.piece()?.context("no piece came")?;
    let deleted = http::delete(other.address(), "/v1/sessions/s")?;
    ensure!(
        deleted.status == 200,
        "the deletion is answered with {}",
        deleted.status
    );
    turn(&other, "s", "again")?;
    let rest = running.raw()?;
    ensure!(
        rest.contains(r#""stored":false,"reason":"deleted""#),
        "the turn of the deleted session: {rest}"
    );
    ensure!(
        texts(one.address(), "s")? == ["again", "echo: again"],
        "it was stored"
    );
    let missing = http::delete(one.address(), "/v1/sessions/nothing")?;
    ensure!(
        missing.status == 404,
        "a deletion of nothing is answered with {}",
        missing.status
    );
    Ok(())
}

fn truncated_session_is_the_same_everywhere(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    let one = test.replica("one", "stream-slow", &database.url())?;
    let other = test.replica("other", "ok", &database.url())?;
    for text in ["first", "second", "third"] {
        turn(&one, "s", text)?;
    }
    let truncate = |keep: usize| -> Result<()> {
        let changed = http::patch(other.address(), "/v1/sessions/s", &json!({ "messages": keep }))?;
        ensure!(changed.status == 200, "it is answered with {}", changed.status);
        Ok(())
    };
    truncate(4)?;
    turn(&one, "s", "fourth")?;
    let requests = test.requests()?;
    let known = requests.last().context("no request")?.messages()?;
    ensure!(known.len() == 5, "the next turn knows {known:?}");
    // A turn that runs meanwhile continues messages that are gone.
    let mut running = http::say(one.address(), "s", WORDS)?;
    running.piece()?.context("no piece came")?;
    truncate(2)?;
    let rest = running.raw()?;
    ensure!(rest.contains(r#""stored":false"#), "the running turn: {rest}");
    for replica in [&one, &other] {
        let found = texts(replica.address(), "s")?;
        ensure!(found == ["first", "echo: first"], "the session holds {found:?}");
    }
    turn(&one, "s", "last").map(drop)
}

fn replacing_turn_gives_way_to_other_replica(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    let one = test.replica("one", "stream-slow", &database.url())?;
    let other = test.replica("other", "ok", &database.url())?;
    for text in ["first", "second"] {
        turn(&one, "s", text)?;
    }
    let replace = |text: &str| {
        let body = json!({ "stream": true, "messages": [{ "role": "user", "content": text }] });
        let headers = "x-clawft-session: s\r\nx-clawft-keep: 2\r\n";
        http::post_json(one.address(), "/v1/chat/completions", headers, &body)
    };
    let rest = replace("changed")?.raw()?;
    ensure!(rest.contains(r#""stored":true"#), "the replacing turn: {rest}");
    let expected = ["first", "echo: first", "changed", "echo: changed"];
    ensure!(
        texts(other.address(), "s")? == expected,
        "it did not replace the others"
    );
    let mut running = replace(WORDS)?;
    running.piece()?.context("no piece came")?;
    turn(&other, "s", "third")?;
    let rest = running.raw()?;
    ensure!(
        rest.contains(r#""stored":false"#),
        "the later replacing turn: {rest}"
    );
    let found = texts(one.address(), "s")?;
    ensure!(
        found.len() == 6 && found[4] == "third",
        "the session holds {found:?}"
    );
    Ok(())
}

fn three_replicas_migrate_at_the_same_time(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    let url = database.url();
    let started: Vec<Result<_>> = thread::scope(|scope| {
        let starts: Vec<_> = ["one", "two", "three"]
            .map(|name| {
                let url = &url;
                scope.spawn(move || test.replica(name, "ok", url))
            })
            .into_iter()
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap_or_else(|_| anyhow::bail!("a start panicked")))
            .collect()
    });
    for (index, replica) in started.into_iter().enumerate() {
        turn(&replica?, "s", &format!("turn {index}"))?;
    }
    Ok(())
}

fn response_is_continued_by_other_replica(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    let one = test.replica("one", "capable", &database.url())?;
    let other = test.replica("other", "capable", &database.url())?;
    let model = "anthropic/echo";
    let first = json!({ "model": model, "input": "my name is Ada" });
    let first = http::post_json(one.address(), "/v1/responses", "", &first)?;
    ensure!(
        first.status == 200,
        "the response is answered with {}",
        first.status
    );
    let first = first.json()?;
    let id = first["id"].as_str().context("no identifier")?;
    let second = json!({ "model": model, "input": "who am I", "previous_response_id": id });
    let second = http::post_json(other.address(), "/v1/responses", "", &second)?;
    ensure!(
        second.status == 200,
        "the second one is answered with {}",
        second.status
    );
    let requests = test.requests()?;
    let body = &requests.last().context("no request")?.body;
    ensure!(body.contains("my name is Ada"), "the history is missing: {body}");
    let path = format!("/v1/responses/{id}");
    ensure!(
        http::get(other.address(), &path, None)?.json()?["id"] == id,
        "it is not kept"
    );
    ensure!(
        http::delete(other.address(), &path)?.status == 200,
        "it is not deleted"
    );
    ensure!(
        http::get(one.address(), &path, None)?.status == 404,
        "it is still there"
    );
    Ok(())
}

fn sessions_move_both_ways(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.database()?;
    let url = database.url();
    test.home("files", "ok", 0)?;
    let line = |id: &str, client: &str, count: usize| {
        let message = |number: usize| {
            let role = ["user", "assistant"][number % 2];
            format!(r#"{{"role":"{role}","content":"m{number}\u0000é"}}"#)
        };
        let messages: Vec<String> = (0..count).map(message).collect();
        let messages = messages.join(",");
        format!("{{{client}\"version\":1,\"id\":\"{id}\",\"messages\":[{messages}]}}\n")
    };
    let sessions = [
        line("a", "", 4),
        line("b", r#""title":"a \"title\"","#, 1),
        line("a", r#""client":"alice","title":"ü","#, 2),
    ]
    .concat();
    test.weft_prints("files", None, &["sessions", "import"], &sessions)?;
    let exported = test.weft_prints("files", None, &["sessions", "export"], "")?;
    ensure!(exported == sessions, "the files hold {exported}");
    test.weft_prints("files", Some(&url), &["sessions", "import"], &exported)?;
    let exported = test.weft_prints("files", Some(&url), &["sessions", "export"], "")?;
    ensure!(exported == sessions, "the database holds {exported}");
    // Again, with one that has grown.
    let grown = [line("a", "", 6), line("b", "", 1)].concat();
    let outcome = test.weft("files", Some(&url), &["sessions", "import", "-"], &grown)?;
    ensure!(
        outcome.exit == Some(0) && outcome.stderr.contains("imported: 1, there already: 1"),
        "the second import: {}",
        outcome.stderr
    );
    // The store is ahead of an export from before.
    let outcome = test.weft("files", Some(&url), &["sessions", "import"], &sessions)?;
    ensure!(
        outcome.exit == Some(0) && outcome.stderr.contains("imported: 0, there already: 3"),
        "the third import: {}",
        outcome.stderr
    );
    // And one that is another.
    let outcome = test.weft(
        "files",
        Some(&url),
        &["sessions", "import"],
        &line("b", "", 2).replace("m0", "x"),
    )?;
    ensure!(
        outcome.exit == Some(1)
            && outcome
                .stderr
                .contains("line 1: the store has another session `b`"),
        "the import of another one: {}",
        outcome.stderr
    );
    let exported = test.weft_prints("files", Some(&url), &["sessions", "export"], "")?;
    test.home("back", "ok", 0)?;
    test.weft_prints("back", None, &["sessions", "import"], &exported)?;
    let back = test.weft_prints("back", None, &["sessions", "export"], "")?;
    ensure!(back == exported && back.contains("m5"), "the files hold {back}");
    // A replica serves what was moved.
    let replica = test.replica("one", "ok", &url)?;
    ensure!(
        texts(replica.address(), "a")?.len() == 6,
        "the moved session is another"
    );
    turn(&replica, "a", "next")?;
    Ok(())
}

fn config_shows_no_password(test: &ReplicasContext<'_>) -> Result<()> {
    let database = test.stopped_database()?;
    let url = database.url();
    test.home("one", "ok", 0)?;
    for command in ["check", "show"] {
        // The check of the context reads what they print.
        test.weft_prints("one", Some(&url), &["config", command], "")?;
    }
    let broken = url.replace("sslmode=disable", "sslmode=nonsense");
    let outcome = test.weft("one", Some(&broken), &["config", "check"], "")?;
    ensure!(
        outcome.exit == Some(1) && outcome.stderr.contains("CLAWFT_STORE_URL"),
        "a wrong URL: {}",
        outcome.stderr
    );
    Ok(())
}
