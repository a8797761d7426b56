//! Properties that hold for any response.

use clawft_core::{Event, Step};
use proptest::{collection::vec, prelude::*};

use crate::common::{KEY, NOW, begin, config};

/// A body that is a completion, an error, nearly one of them, or anything.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let completion = any::<String>().prop_map(|text| {
        serde_json::to_vec(&serde_json::json!({"choices": [{"message": {"content": text}}]})).unwrap()
    });
    let error = any::<String>()
        .prop_map(|text| serde_json::to_vec(&serde_json::json!({"error": {"message": text}})).unwrap());
    let whole = prop_oneof![completion, error];
    let damaged =
        (whole.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        });
    prop_oneof![whole, damaged, vec(any::<u8>(), 0..100)]
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200), Just(401), Just(429), Just(500), any::<u16>()]
}

/// Returns the result of a turn that gets a response whose body comes in these parts.
fn outcome(status: u16, parts: &[&[u8]]) -> String {
    let config = config("", "");
    let (mut turn, _) = begin(&config);
    let head = Event::Head { status, headers: &[] };
    let events = [head]
        .into_iter()
        .chain(parts.iter().map(|part| Event::Body(part)))
        .chain([Event::End]);
    let ends = |event| match turn.feed(event, NOW) {
        Step::More => None,
        step => Some(step),
    };
    match events
        .filter_map(ends)
        .next()
        .expect("a complete response must lead somewhere")
    {
        Step::Done(reply) => reply.into_text(),
        Step::Retry { after, .. } => format!("retry after {} ms", after.as_millis()),
        Step::Failed(error) => error.to_string(),
        // A call of a tool that was not offered.
        Step::Send(_) => "asked again".to_owned(),
        step @ (Step::More | Step::Delta(_) | Step::Reasoning(_) | Step::Call(_)) => {
            panic!("nothing was to be streamed or called: {step:?}")
        }
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_result(
        status in status(),
        body in body(),
        cuts in vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.sort();
        let mut parts = Vec::new();
        let mut start = 0;
        for cut in cuts {
            parts.push(&body[start..cut]);
            start = cut;
        }
        parts.push(&body[start..]);
        prop_assert_eq!(outcome(status, &parts), outcome(status, &[&body]));
    }

    #[test]
    fn never_panics_on_any_event_order(events in vec((0..4u8, status(), body()), 0..12)) {
        let config = config("", "");
    let (mut turn, _) = begin(&config);
        for (kind, status, body) in &events {
            let headers = [("retry-after".to_owned(), String::from_utf8_lossy(body).into_owned())];
            let event = match kind {
                0 => Event::Head { status: *status, headers: &headers },
                1 => Event::Body(body),
                2 => Event::End,
                _ => Event::Failed(clawft_core::TransportError::Unavailable("gone".to_owned())),
            };
            turn.feed(event, NOW);
        }
    }

    #[test]
    fn never_shows_an_echoed_key(
        status in prop::sample::select(vec![200u16, 400, 401, 403, 404, 418]),
        before in "[a-z '\"(=]{0,400}",
        after in "[a-z '\");]{0,20}",
        start in 0..KEY.len() - 8,
    ) {
        let part = &KEY[start..start + 8];
        let error = serde_json::json!({"error": {"message": format!("{before}{part}{after}")}}).to_string();
        let shown = outcome(status, &[error.as_bytes()]);
        prop_assert!(!shown.contains(part), "{}", shown);
    }
}
