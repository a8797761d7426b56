//! Data that does not fit into memory is an error, wherever memory ends.

mod scarce;

use clawft_types::{
    Config, ConfigError, Input, InputError, Message, Role, Session, SessionError,
    json::{self, JsonFault},
    memory::{self, NoMemory},
};

use scarce::{Done, LARGE, with_memory, with_region};

/// The additional memory of each further attempt.
const MORE: usize = 60_000;

/// Runs `work` with more and more memory until it succeeds. Returns the number of failures, and the memory
/// that it used in the end.
fn until_it_fits<I: Clone, T, E>(
    input: I,
    work: impl Fn(I) -> Result<T, E>,
    is_expected: impl Fn(&E) -> bool,
) -> (usize, usize) {
    for failed in 0.. {
        let input = input.clone();
        match with_memory(failed * MORE, || work(input)) {
            Done {
                result: Ok(_), used, ..
            } => return (failed, used),
            Done {
                result: Err(error), ..
            } => assert!(is_expected(&error)),
        }
    }
    unreachable!("numbers have no end")
}

#[test]
fn session_fits_or_is_an_error() {
    let text = "é\n\\".repeat(60_000);
    let mut session = Session::default();
    session.messages.push(Message::new(Role::User, text));
    let bytes = session.to_json();
    let no_memory = |error: &SessionError| {
        error
            .to_string()
            .starts_with("the session cannot be read, it does not fit into memory, where ")
            && matches!(error, SessionError::NoMemory(_))
    };
    let (failed, used) = until_it_fits(bytes.as_slice(), Session::parse, no_memory);
    assert!(
        failed > 3 && used < bytes.len() * 2 + 300_000,
        "{failed} times, {used} bytes"
    );
    let (less, used) = until_it_fits(bytes.clone(), Session::parse_owned, no_memory);
    assert!(
        less > 1 && less < failed && used < bytes.len() + 300_000,
        "{less} times, {used} bytes"
    );
}

#[test]
fn session_of_many_messages_fits_or_fails() {
    let message = r#"{"role":"user","content":"hi"}"#;
    let text = format!(
        r#"{{"version":1,"id":"a","messages":[{}]}}"#,
        vec![message; 5000].join(",")
    );
    let no_memory =
        |error: &SessionError| matches!(error, SessionError::NoMemory(NoMemory { bytes }) if *bytes > 50_000);
    let (failed, _) = until_it_fits(text.as_bytes(), Session::parse, no_memory);
    assert!(failed > 5, "{failed}");
}

#[test]
fn message_and_configuration_fit_or_are_errors() {
    let plain = "abc ".repeat(50_000);
    let json = format!(r#"{{"content":"{plain}"}}"#);
    for text in [&plain, &json] {
        let no_memory = |error: &InputError| {
            error
                .to_string()
                .starts_with("the message is not usable: it does not fit into memory, where ")
        };
        let (failed, used) = until_it_fits(text.as_str(), Input::parse, no_memory);
        assert!(
            failed > 3 && used < text.len() * 2 + 300_000,
            "{failed} times, {used} bytes"
        );
    }
    let config = format!(
        r#"{{"x":"{plain}","agents":{{"model":"m"}},"providers":{{"providers":{{"openai":{{}}}}}}}}"#
    );
    let no_memory = |error: &ConfigError| {
        error
            .to_string()
            .starts_with("c: it does not fit into memory, where ")
    };
    let (failed, _) = until_it_fits(config.as_bytes(), |bytes| Config::parse("c", bytes), no_memory);
    assert!(failed > 3, "{failed}");
}

#[test]
fn small_buffer_doubles_and_large_grows_by_eighth() {
    let mut buffer = Vec::new();
    memory::append(&mut buffer, &[1; 100]).unwrap();
    assert_eq!(buffer.capacity(), 100);
    memory::append(&mut buffer, &[2; 10]).unwrap();
    assert_eq!((buffer.len(), buffer.capacity()), (110, 200));
    memory::append(&mut buffer, &[3; 90]).unwrap();
    assert_eq!((buffer.len(), buffer.capacity()), (200, 200));
    memory::append(&mut buffer, &[4; 1000]).unwrap();
    assert_eq!((buffer.len(), buffer.capacity()), (1200, 1200));
    memory::append(&mut buffer, &[5; 79_999]).unwrap();
    assert_eq!(buffer.capacity(), 81_199);
    memory::append(&mut buffer, &[6]).unwrap();
    assert_eq!((buffer.len(), buffer.capacity()), (81_200, 81_199 + 81_199 / 8));
    assert_eq!(
        (
            buffer[99],
            buffer[100],
            buffer[109],
            buffer[110],
            buffer[199],
            buffer[200]
        ),
        (1, 2, 2, 3, 3, 4)
    );

    let mut text = String::new();
    memory::append_text(&mut text, &"é".repeat(50_000)).unwrap();
    assert_eq!(text.capacity(), 100_000);
    memory::append_text(&mut text, "").unwrap();
    assert_eq!(text.capacity(), 100_000);
    memory::append_text(&mut text, "é").unwrap();
    assert_eq!((text.len(), text.capacity()), (100_002, 112_500));
    assert!(text.ends_with("éé"));
}

#[test]
fn copies_have_no_spare_capacity() {
    let text = "abc".repeat(30_000);
    let copy = memory::copy_text(&text).unwrap();
    let copied = memory::copy(text.as_bytes()).unwrap();
    assert_eq!(
        (copy.as_str(), copied.as_slice()),
        (text.as_str(), text.as_bytes())
    );
    assert_eq!((copy.capacity(), copied.capacity()), (text.len(), text.len()));
}

#[test]
fn error_names_the_bytes_requested() {
    let mut buffer = vec![1];
    let size = isize::MAX as usize;
    assert_eq!(memory::reserve(&mut buffer, size), Err(NoMemory { bytes: size }));
    assert_eq!(
        memory::reserve(&mut buffer, usize::MAX),
        Err(NoMemory { bytes: usize::MAX })
    );
    assert_eq!(buffer, [1]);
    let words = "it does not fit into memory, where 7 more bytes cannot be had";
    assert_eq!(NoMemory { bytes: 7 }.to_string(), words);
    assert_eq!(json::JsonError::from(NoMemory { bytes: 7 }).to_string(), words);
    let parsed = with_memory(10, || json::parse(&[b' '; 100_000]).map(|_| ()));
    assert_eq!(
        parsed.result.unwrap_err().fault(),
        &JsonFault::NoMemory(NoMemory { bytes: 100_000 })
    );
}

#[test]
fn failed_push_leaves_the_list_unchanged() {
    let mut list = Vec::new();
    memory::push(&mut list, [1_u8; 40_000]).unwrap();
    while list.len() < list.capacity() {
        memory::push(&mut list, [2; 40_000]).unwrap();
    }
    let length = list.len();
    let pushed = with_memory(0, || memory::push(&mut list, [3; 40_000]));
    assert_eq!(
        pushed.result,
        Err(NoMemory {
            bytes: (length + 1) * 40_000
        })
    );
    assert_eq!((list.len(), list[0][0]), (length, 1));
    memory::push(&mut list, [3; 40_000]).unwrap();
    assert_eq!(list[length][0], 3);
}

#[test]
fn large_buffer_leaves_headroom() {
    const HEADROOM: usize = 256 * 1024;
    for (memory, fits) in [(100_000 + HEADROOM - 1, false), (100_000 + HEADROOM, true)] {
        let copied = with_memory(memory, || memory::copy(&[0; 100_000]));
        assert_eq!(copied.result.is_ok(), fits);
        let copied = with_memory(memory, || memory::copy_text(&"x".repeat(100_000)));
        assert!(copied.result.is_err(), "the text takes as much");
    }
    for (size, fits) in [(65_535, true), (65_536, false)] {
        let bytes = vec![0; size];
        let copied = with_memory(70_000, || memory::copy(&bytes));
        assert_eq!(copied.result.is_ok(), fits, "a small one does not");
    }
}

#[test]
fn large_buffer_grows_in_place() {
    let text = "x".repeat(80_000);
    // One allocation is the buffer itself each time that it grows; the others are trial allocations. A buffer
    // that has no memory yet needs none of these, and the memory after another buffer is probed eight times.
    for (between, count) in [(0, 8 + 1 + 1 + 1), (LARGE, 8 + 1 + 1 + 8 + 1)] {
        let grow = || {
            let mut buffer = Vec::new();
            memory::append(&mut buffer, text.as_bytes())?;
            let other: Vec<u8> = Vec::with_capacity(between);
            memory::append(&mut buffer, b"x")?;
            drop(other);
            Ok::<_, NoMemory>(buffer.len())
        };
        let grown = with_region(10_000_000, grow);
        assert_eq!((grown.result, grown.count), (Ok(80_001), count));
        let grow = || {
            let mut buffer = String::new();
            memory::append_text(&mut buffer, &text)?;
            let other: Vec<u8> = Vec::with_capacity(between);
            memory::append_text(&mut buffer, "x")?;
            drop(other);
            Ok::<_, NoMemory>(buffer.len())
        };
        let grown = with_region(10_000_000, grow);
        assert_eq!((grown.result, grown.count), (Ok(80_001), count));
    }
}
