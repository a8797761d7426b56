//! The decoder of server-sent events.

use clawft_core::sse::{Decoder, Fault, MAX_EVENT};
use proptest::{collection::vec, prelude::*};

/// Decodes a stream that arrives in these parts.
fn decode<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Vec<u8>>, Fault> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for mut part in parts {
        while let Some(event) = decoder.next(&mut part)? {
            events.push(event);
        }
        assert!(part.is_empty(), "a part is used up before the next one");
    }
    Ok(events)
}

fn texts(stream: &str) -> Vec<String> {
    let events = decode([stream.as_bytes()]).unwrap();
    events
        .into_iter()
        .map(|event| String::from_utf8(event).unwrap())
        .collect()
}

#[test]
fn accepts_all_three_line_ends() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = ["data: a", "data: b", "", "data: c", "", ""].join(end);
        assert_eq!(texts(&stream), ["a\nb", "c"], "{end:?}");
    }
    assert_eq!(texts("data: a\r\n\ndata: b\n\r\n"), ["a", "b"]);
}

#[test]
fn skips_other_fields_and_comments() {
    assert_eq!(
        texts("event: x\nid: 1\nretry: 5\n: data: no\ndata: yes\nother\n\n"),
        ["yes"]
    );
    assert_eq!(texts("data:a\n\ndata:  b\n\ndata: c: d\n\n"), ["a", " b", "c: d"]);
    assert_eq!(texts("database: no\n\n data: no\n\nDATA: no\n\ndat\n\n"), [""; 0]);
    assert_eq!(texts("data\n\ndata:\n\n\n\n"), [""; 0], "nothing is no event");
    assert_eq!(texts("data: a\ndata\ndata: b\n\n"), ["a\n\nb"]);
}

#[test]
fn byte_order_mark_may_only_come_first() {
    assert_eq!(texts("\u{feff}data: a\n\n\u{feff}data: b\n\n"), ["a"]);
}

#[test]
fn returns_event_cut_off_only_on_request() {
    assert_eq!(texts("data: a\n\ndata: b\n"), ["a"]);
    for (end, data) in [("data: b\n", "b"), ("data: b", "b"), ("data: b\ndata: c", "b\nc")] {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.next(&mut end.as_bytes()), Ok(None));
        assert_eq!(decoder.finish(), Ok(Some(data.into())));
        assert_eq!(decoder.finish(), Ok(None));
    }
    let mut decoder = Decoder::default();
    assert_eq!(decoder.next(&mut &b": comment"[..]), Ok(None));
    assert_eq!(decoder.finish(), Ok(None));
}

#[test]
fn complete_json_ends_event_without_empty_line() {
    let stream = "data: {\"a\":1}\ndata: {\"b\":\ndata: {}}\ndata: [DONE]\n";
    assert_eq!(texts(stream), ["{\"a\":1}", "{\"b\":\n{}}"]);
    let mut decoder = Decoder::default();
    let mut unfinished = &b"data: {}\ndata: {\"c\":1}"[..];
    assert_eq!(decoder.next(&mut unfinished), Ok(None));
    assert_eq!(decoder.finish(), Ok(Some(b"{}".into())));
    assert_eq!(decoder.finish(), Ok(Some(b"{\"c\":1}".into())));
    assert_eq!(decoder.finish(), Ok(None));
}

#[test]
fn tells_errors_by_their_name() {
    for (stream, data, is_error) in [
        ("error: {\"code\":400}\n\n", "{\"code\":400}", true),
        ("event: error\ndata: x\n\n", "x", true),
        ("event:error\ndata:x\n\n", "x", true),
        ("event: errors\ndata: x\n\n", "x", false),
        ("event: error\n\ndata: x\n\n", "x", false),
        ("error\ndata: x\n\n", "x", false),
    ] {
        let mut decoder = Decoder::default();
        let event = decoder.next(&mut stream.as_bytes()).unwrap().unwrap();
        assert_eq!(
            (event.as_slice(), decoder.is_error()),
            (data.as_bytes(), is_error),
            "{stream}"
        );
    }
}

#[test]
fn refuses_an_event_beyond_the_limit() {
    let line = |length: usize| [b"data: ", vec![b'x'; length].as_slice(), b"\n\n"].concat();
    assert_eq!(
        decode([line(MAX_EVENT - 6).as_slice()]).unwrap()[0].len(),
        MAX_EVENT - 6
    );
    assert_eq!(decode([line(MAX_EVENT).as_slice()]), Err(Fault::TooLong));
    assert_eq!(
        decode([b"data:x\n".repeat(MAX_EVENT).as_slice()]),
        Err(Fault::TooLong)
    );
    assert_eq!(decode([[b':'; MAX_EVENT + 1].as_slice()]), Err(Fault::TooLong));
    // Many events may be larger together.
    assert_eq!(
        decode([line(MAX_EVENT / 2).repeat(5).as_slice()]).unwrap().len(),
        5
    );
}

/// Returns `bytes` cut at these positions.
fn split<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort();
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect()
}

/// An event's data in lines, with everything that the standard allows around it.
fn event() -> impl Strategy<Value = (String, String)> {
    let end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    let noise = prop::sample::select(vec!["", ": comment", "event: é", "id", "retry:10"]);
    // A line that begins with a brace may begin an event, as servers without empty lines send them.
    let line = "[^\r\n\u{feff} {][^\r\n{]{0,8}";
    (vec(line, 1..4), vec((noise, end), 4), any::<bool>()).prop_map(|(lines, noise, space)| {
        let mut stream = String::new();
        for (line, (noise, end)) in lines.iter().zip(&noise) {
            if !noise.is_empty() {
                stream += &[noise, *end].concat();
            }
            stream += &["data:", if space { " " } else { "" }, line, end].concat();
        }
        // A lone CR here and an LF next would be one line end.
        stream += "\n\n";
        (lines.join("\n"), stream)
    })
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        events in vec(event(), 0..6),
        mark in any::<bool>(),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let (data, streams): (Vec<_>, Vec<_>) = events.into_iter().unzip();
        let stream = [if mark { "\u{feff}" } else { "" }, &streams.concat()].concat();
        let found = decode(split(stream.as_bytes(), &cuts)).unwrap();
        prop_assert_eq!(&found, &data.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>());
        prop_assert_eq!(decode(stream.as_bytes().chunks(1)).unwrap(), found);
    }

    #[test]
    fn decoder_never_panics_on_any_bytes(
        pieces in vec(prop_oneof![
            vec(any::<u8>(), 0..20),
            prop::sample::select(vec!["data", "data:", "data: x", "\n", "\r", "\r\n", "\u{feff}", ":", " "])
                .prop_map(|piece| piece.as_bytes().to_vec()),
        ], 0..40),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let bytes = pieces.concat();
        let events = decode(split(&bytes, &cuts)).unwrap();
        prop_assert_eq!(&decode([bytes.as_slice()]).unwrap(), &events);
        prop_assert!(events.concat().len() <= bytes.len());
        prop_assert!(events.iter().all(|event| !event.is_empty()));
    }
}
