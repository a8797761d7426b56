//! The prompt, through a pseudo-terminal.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use rexpect::{
    process::{Signal, WaitStatus},
    session::{PtySession, spawn_command},
};

use crate::common::{Home, KEY};

/// Starts weft as a shell does, with all streams on the terminal.
fn start(home: &Home, environment: &[(&str, &str)]) -> PtySession {
    start_with(home, environment, &[])
}

fn start_with(home: &Home, environment: &[(&str, &str)], arguments: &[&str]) -> PtySession {
    let mut session = on_terminal(home.command(&[&["chat"], arguments].concat()), home, environment);
    session.exp_string("a-model, session `default`").unwrap();
    session.exp_string("> ").unwrap();
    session
}

/// Starts a command with all streams on a terminal, in the home directory.
fn on_terminal(mut command: Command, home: &Home, environment: &[(&str, &str)]) -> PtySession {
    command.current_dir(home.directory.path());
    command
        .stdin(Stdio::inherit())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
    command.envs(environment.iter().copied());
    spawn_command(command, Some(30_000)).unwrap()
}

fn type_line(session: &mut PtySession, text: &str) {
    session.send(&format!("{text}\r")).unwrap();
    session.flush().unwrap();
}

fn press(session: &mut PtySession, keys: &str) {
    session.send(keys).unwrap();
    session.flush().unwrap();
}

const UP: &str = "\x1b[A";

#[test]
fn recalls_lines_from_history() {
    let home = Home::new("ok");
    let mut session = start(&home, &[]);
    type_line(&mut session, "Hello");
    session.exp_string("echo: Hello\r\n").unwrap();
    session.exp_string("> ").unwrap();
    // Repeats the previous line with an addition.
    press(&mut session, UP);
    session.exp_string("Hello").unwrap();
    type_line(&mut session, " again");
    session.exp_string("echo: Hello again\r\n").unwrap();
    session.exp_string("> ").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();

    let mut session = start(&home, &[]);
    press(&mut session, &[UP, UP].concat());
    type_line(&mut session, "!");
    session.exp_string("echo: Hello!\r\n").unwrap();
    type_line(&mut session, "/quit");
    session.exp_eof().unwrap();
    assert_eq!(home.session("default").messages.len(), 6);
    let history = fs::read_to_string(home.path("history")).unwrap();
    assert!(history.contains("Hello again\n") && !history.contains(KEY));
}

#[test]
fn pasted_lines_are_one_message() {
    let home = Home::new("ok");
    let mut session = start(&home, &[]);
    press(&mut session, "\x1b[200~one\ntwo\x1b[201~");
    type_line(&mut session, "");
    session.exp_string("echo: one\r\ntwo\r\n").unwrap();
    session.exp_string("> ").unwrap();
    assert_eq!(home.session("default").messages[0].content, "one\ntwo");
}

#[test]
fn ctrl_c_ends_answer_but_not_conversation() {
    let home = Home::new("stream-slow");
    let mut session = start(&home, &[]);
    type_line(&mut session, "one two three four five six seven eight nine ten");
    session.exp_string("echo: one").unwrap();
    session.send_control('c').unwrap();
    session
        .exp_string("the answer is incomplete: it was stopped")
        .unwrap();
    session.exp_string("> ").unwrap();
    assert!(home.session("default").messages[1].incomplete);
    press(&mut session, "given up");
    session.send_control('c').unwrap();
    session.exp_string("> ").unwrap();
    type_line(&mut session, "two");
    session.exp_string("echo: two\r\n").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn bytes_without_text_do_not_end_the_prompt() {
    let home = Home::new("ok");
    let mut session = start(&home, &[]);
    for bytes in [
        &b"caf\xe9 au lait\r"[..],
        b"\xff\xfe\r",
        b"\x1b[200~one\xe9\ntwo\r\nthree\x1b[201~\r",
    ] {
        press(&mut session, "kept");
        session.exp_string("kept").unwrap();
        let mut terminal = session.process().get_file_handle().unwrap();
        terminal.write_all(bytes).unwrap();
        session.exp_string("this is not UTF-8").unwrap();
        session.exp_string("> ").unwrap();
        session.exp_string("kept").unwrap();
        session.send_control('c').unwrap();
        session.exp_string("> ").unwrap();
    }
    type_line(&mut session, "Hi");
    session.exp_string("echo: Hi\r\n").unwrap();
    type_line(&mut session, "/quit");
    session.exp_eof().unwrap();
    assert_eq!(home.session("default").messages.len(), 2);
}

/// Waits for the end of the program, and returns its exit code.
fn exit_code(session: &mut PtySession) -> i32 {
    session.exp_eof().unwrap();
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ending_signal_ends_the_prompt() {
    let home = Home::new("stream-slow");
    let mut session = start(&home, &[]);
    type_line(&mut session, "one two three four five six seven eight nine ten");
    session.exp_string("echo: one").unwrap();
    session.process_mut().signal(Signal::SIGTERM).unwrap();
    session
        .exp_string("the answer is incomplete: it was stopped")
        .unwrap();
    assert_eq!(exit_code(&mut session), 143);
    assert!(home.session("default").messages[1].incomplete);

    let mut session = start(&home, &[]);
    type_line(&mut session, "two");
    session.exp_string("echo: two\r\n").unwrap();
    session.exp_string("> ").unwrap();
    session.process_mut().signal(Signal::SIGTERM).unwrap();
    assert_eq!(exit_code(&mut session), 143);
}

#[test]
fn commands_change_session_and_model() {
    let home = Home::new("ok");
    let mut session = start(&home, &[]);
    type_line(&mut session, "/session other");
    session.exp_string("the session is `other`").unwrap();
    type_line(&mut session, "/session ../x");
    session.exp_string("is not a session id").unwrap();
    type_line(&mut session, "/sesion x");
    session.exp_string("there is no `/sesion`, see `/help`").unwrap();
    type_line(&mut session, "/model better");
    session.exp_string("the model is `better`").unwrap();
    type_line(&mut session, "/help");
    session.exp_string("/quit         leave").unwrap();
    type_line(&mut session, "Hi");
    session.exp_string("echo: Hi\r\n").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    assert_eq!(home.session("other").messages.len(), 2);
}

#[test]
fn warns_of_answer_that_is_not_stored() {
    let home = Home::new("ok");
    let mut session = start(&home, &[("NO_COLOR", "1")]);
    fs::create_dir(home.path("sessions")).unwrap();
    fs::write(home.path("sessions/.locks"), "in the way").unwrap();
    type_line(&mut session, "Hello");
    session.exp_string("echo: Hello\r\n").unwrap();
    session
        .exp_string("warning: the answer is not stored, cannot write `")
        .unwrap();
    session.exp_string("> ").unwrap();
    // The conversation continues.
    fs::remove_file(home.path("sessions/.locks")).unwrap();
    type_line(&mut session, "again");
    session.exp_string("echo: again\r\n").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    assert_eq!(home.session("default").messages.len(), 2);
}

#[test]
fn colours_errors_unless_turned_off() {
    let home = Home::new("status-400");
    for (environment, coloured) in [(&[][..], true), (&[("NO_COLOR", "1")][..], false)] {
        let mut session = start(&home, environment);
        type_line(&mut session, "Hello");
        let before = session.exp_string("provider `openai` at ").unwrap();
        let mark = if coloured {
            "\x1b[1;31merror:\x1b[0m "
        } else {
            "error: "
        };
        assert!(before.ends_with(mark), "{before}");
    }
}

#[test]
fn shows_and_removes_the_spinner() {
    let home = Home::new("slow");
    let mut session = start(&home, &[]);
    type_line(&mut session, "Hello");
    // The spinner's characters are omitted, because the test reads bytes.
    session.exp_string(" a-model 0 s").unwrap();
    // A slow answer is drawn word by word.
    session.exp_string("\r\x1b[Kecho:").unwrap();
    session.exp_string("Hello").unwrap();
}

#[test]
fn input_during_answer_begins_the_next_line() {
    let home = Home::new("stream-slow");
    let mut session = start(&home, &[]);
    type_line(&mut session, "one two three four five six");
    session.exp_string("echo: one").unwrap();
    press(&mut session, "typed");
    press(&mut session, "\x1b[200~pasted\nlines\x1b[201~");
    // Nothing of it is printed between the parts of the answer.
    let answer = session.exp_string("six\r\n").unwrap();
    assert!(!answer.contains("typed") && !answer.contains("lines"), "{answer}");
    session.exp_string("> ").unwrap();
    session.exp_string("lines").unwrap();
    type_line(&mut session, "!");
    session.exp_string("echo: typed").unwrap();
    session.exp_string("lines!\r\n").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    let sent: Vec<String> = home
        .session("default")
        .messages
        .into_iter()
        .map(|message| message.content)
        .collect();
    assert_eq!(sent[2], "typedpasted\nlines!");
}

#[test]
fn lines_ended_during_an_answer_follow_it() {
    let home = Home::new("stream-slow");
    let mut session = start(&home, &[]);
    type_line(&mut session, "one two three four");
    session.exp_string("echo: one").unwrap();
    press(&mut session, "/model better\rtwo\r");
    let answer = session.exp_string("four\r\n").unwrap();
    assert!(!answer.contains("better"), "{answer}");
    session.exp_string("> /model better\r\n").unwrap();
    session.exp_string("the model is `better`").unwrap();
    session.exp_string("> two\r\n").unwrap();
    session.exp_string("echo: two").unwrap();
    // After Ctrl-C they are not sent.
    press(&mut session, "three four five six seven eight\r");
    session.exp_string("echo: three").unwrap();
    press(&mut session, "not yet\r");
    session.send_control('c').unwrap();
    session.exp_string("it was stopped").unwrap();
    session.exp_string("> ").unwrap();
    session.exp_string("not yet").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("> ").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    let messages = home.session("default").messages;
    assert!(messages.iter().all(|message| message.content != "not yet"));
}

#[test]
fn lines_that_are_typed_ahead_are_kept() {
    let home = Home::new("ok");
    let mut session = start(&home, &[]);
    // At once, as a terminal without marks around pasted text sends it.
    press(&mut session, "/system Be brief.\r/model better\r/help\r");
    session.exp_string("the system prompt is: Be brief.").unwrap();
    session.exp_string("the model is `better`").unwrap();
    session.exp_string("/quit").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn markdown_is_rendered_unless_it_is_turned_off() {
    let home = Home::new("ok");
    let message = "**bold** text";
    for (environment, arguments, shown) in [
        (&[][..], &[][..], "\x1b[1mbold\x1b[0m text"),
        (&[("NO_COLOR", "1")], &[], "echo: **bold** text"),
        (&[("TERM", "dumb")], &[], "echo: **bold** text"),
        (&[], &["--no-markdown"], "echo: **bold** text"),
    ] {
        let mut session = start_with(&home, environment, arguments);
        type_line(&mut session, message);
        session.exp_string(shown).unwrap();
        session.send_control('d').unwrap();
        session.exp_eof().unwrap();
    }
    home.edit(|config| config["chat"] = serde_json::json!({ "markdown": false }));
    let mut session = start(&home, &[]);
    type_line(&mut session, message);
    session.exp_string("echo: **bold** text").unwrap();
    // In a pipe an answer is never changed.
    home.edit(|config| config["chat"] = serde_json::json!({ "markdown": true }));
    assert_eq!(home.run(&["chat", message]).result(), "echo: **bold** text\n");
}

#[test]
fn tab_completes_commands_models_and_sessions() {
    let home = Home::new("capable");
    home.edit(|config| config["agents"]["model"] = serde_json::json!("a-model"));
    let mut session = start(&home, &[]);
    press(&mut session, "/mo\t");
    session.exp_string("/model ").unwrap();
    press(&mut session, "openai/r\t");
    type_line(&mut session, "");
    session.exp_string("the model is `reason`").unwrap();
    type_line(&mut session, "/session another-one");
    session.exp_string("the session is `another-one`").unwrap();
    type_line(&mut session, "/session default");
    session.exp_string("the session is `default`").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn retry_asks_again_and_keeps_the_old_answer() {
    let home = Home::new("ok");
    let mut session = start(&home, &[]);
    type_line(&mut session, "/retry");
    session.exp_string("there is no message to ask again").unwrap();
    type_line(&mut session, "one");
    session.exp_string("echo: one").unwrap();
    type_line(&mut session, "two");
    session.exp_string("echo: two").unwrap();
    type_line(&mut session, "/retry");
    session.exp_string("the session is `").unwrap();
    let id = session.exp_string("`").unwrap();
    session.exp_string("echo: two\r\n").unwrap();
    type_line(&mut session, "/save saved.md");
    session.exp_string("written to `saved.md`").unwrap();
    type_line(&mut session, "/save saved.md");
    session.exp_string("`saved.md` exists").unwrap();
    type_line(&mut session, "/new");
    session.exp_string("the session is `").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    assert_eq!(home.session("default").messages.len(), 4);
    assert_eq!(home.session(&id).messages.len(), 4);
    let saved = fs::read_to_string(home.path("saved.md")).unwrap();
    assert!(
        saved.contains("## You\n\ntwo\n\n## Assistant\n\necho: two\n"),
        "{saved}"
    );
}

#[test]
fn init_asks_three_questions() {
    let home = Home::new("ok");
    fs::remove_file(home.path("config.json")).unwrap();
    let mut session = on_terminal(home.plain_command(&["init"]), &home, &[]);
    session.exp_string("Provider [openai]: ").unwrap();
    type_line(&mut session, "anthropic");
    session.exp_string("Variable [ANTHROPIC_API_KEY]: ").unwrap();
    type_line(&mut session, "");
    session.exp_string("Model [claude-").unwrap();
    type_line(&mut session, "my-model");
    session
        .exp_string("set the key first: export ANTHROPIC_API_KEY")
        .unwrap();
    session.exp_eof().unwrap();
    assert_eq!(home.config()["agents"]["model"], "my-model");
    // It is replaced only if the user agrees.
    let mut session = on_terminal(home.plain_command(&["init"]), &home, &[]);
    session.exp_string("Replace it? [y/N] ").unwrap();
    type_line(&mut session, "");
    session.exp_string("is left as it is").unwrap();
    session.exp_eof().unwrap();
    assert_eq!(home.config()["agents"]["model"], "my-model");
}

#[test]
fn ctrl_c_at_question_refuses_and_ends_answer() {
    let home = Home::new("tools");
    home.edit(|config| config["tools"] = serde_json::json!({ "files": { "write": true } }));
    fs::create_dir(home.path("work")).unwrap();
    let mut session = start_with(&home, &[], &["--workspace", "work"]);
    type_line(&mut session, "write_file {\"path\":\"b.txt\",\"content\":\"x\"}");
    session.exp_string("Allow write_file b.txt? [y/N] ").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("> ").unwrap();
    type_line(&mut session, "/tools");
    session.exp_string("write_file: ").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    assert!(!home.path("work/b.txt").exists());
}

#[test]
fn questions_name_tools_of_servers_as_rules() {
    let home = Home::new("tools");
    home.edit(|config| config["tools"] = serde_json::json!({ "mcp": { "s": crate::tools::server() } }));
    let mut session = start(&home, &[]);
    type_line(&mut session, "/tools");
    session.exp_string("mcp.s.look.up: Looks it up.").unwrap();
    session.exp_string("> ").unwrap();
    type_line(&mut session, "mcp__s__look_up {}");
    session.exp_string("tool: mcp.s.look.up").unwrap();
    session.exp_string("Allow mcp.s.look.up? [y/N] ").unwrap();
    type_line(&mut session, "y");
    session.exp_string("found").unwrap();
    type_line(&mut session, "/quit");
    session.exp_eof().unwrap();
}
