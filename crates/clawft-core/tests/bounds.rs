//! A thousand responses of a hostile server: a turn never panics, always ends, and never exceeds its memory
//! bounds.
//!
//! This is a separate test program, because it counts allocations.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use clawft_core::{Event, Step, TimeLimit, TransportError, Turn, sse::MAX_EVENT};
use clawft_types::{Config, Input, Session};
use proptest::{collection::vec, prelude::*};

/// The system's allocator with a count of the bytes in use.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: both functions pass on exactly their arguments; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(USED.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MAX_RESPONSE: usize = 20_000;
const RETRIES: usize = 3;

/// The most that a turn may hold: the largest body, the JSON tree of a body of nothing but small values, and
/// the same for an event of a stream, whose limit is another one.
const MAX_HELD: usize = 50 * MAX_RESPONSE + 4 * MAX_EVENT;

/// A server's behaviour on one connection.
#[derive(Debug, Clone)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    /// Sent `rounds` times, so that it can be larger than any bound.
    body: Vec<u8>,
    rounds: usize,
    /// The size of the parts in which the body arrives.
    part: usize,
    /// The failure at the end, if there is one.
    failure: Option<TransportError>,
}

fn header() -> impl Strategy<Value = (String, String)> {
    let known = prop::sample::select(vec![
        ("content-type", "text/event-stream"),
        ("Content-Type", "text/event-stream; charset=utf-8"),
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
        ("retry-after", "1"),
        ("retry-after", "99999999999999999999"),
        ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ("date", "Wed, 21 Oct 2015 07:27:59 GMT"),
        ("location", "https://user:password@evil.example/"),
    ]);
    prop_oneof![
        4 => known.prop_map(|(name, value)| (name.to_owned(), value.to_owned())),
        1 => (prop::sample::select(vec!["date", "retry-after", "location", "content-encoding"]), ".{0,40}")
            .prop_map(|(name, value)| (name.to_owned(), value)),
    ]
}

/// Fragments of both protocols and of neither.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "data: {\"choices\":[{\"delta\":{\"content\":\"hé\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n",
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n",
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":18446744073709551615}}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":1}}\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
        "data: {\"error\":{\"message\":\"no\"}}\n\n",
        "data: [DONE]\n\n",
        "data: {\n\n",
        "data: {\"choices\":3}\n\n",
        ": comment\n",
        "data:",
        "\r",
        "[",
        "{\"a\":",
        "[],",
        "\"\",",
        "{\"choices\":[{\"message\":{\"content\":\"hi\"}}]}",
        "{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}",
        "{\"error\":{\"message\":\"sk-proj-Abc123\"}}",
    ]);
    let known = piece.prop_map(|piece| piece.as_bytes().to_vec());
    vec(prop_oneof![6 => known, 1 => vec(any::<u8>(), 0..30)], 0..12).prop_map(|pieces| pieces.concat())
}

fn response() -> impl Strategy<Value = Response> {
    let status = prop_oneof![6 => Just(200), 2 => 400..600u16, 1 => any::<u16>()];
    let rounds = prop_oneof![4 => Just(1usize), 1 => 1..5000usize];
    let part = prop_oneof![Just(1usize), 2..100usize, Just(70_000)];
    let failure = prop_oneof![
        4 => Just(None),
        1 => Just(Some(TransportError::Unavailable("connection reset".to_owned()))),
        1 => Just(Some(TransportError::TimedOut { after: Duration::from_secs(1), limit: TimeLimit::Idle })),
    ];
    (status, vec(header(), 0..5), body(), rounds, part, failure).prop_map(
        |(status, headers, body, rounds, part, failure)| Response {
            status,
            headers,
            body,
            rounds,
            part,
            failure,
        },
    )
}

fn config(kind: &str, stream: bool) -> Config {
    let text = format!(
        r#"{{"agents":{{"model":"m","stream":{stream}}},"providers":{{"providers":{{"p":{{"kind":"{kind}",
            "max_response_bytes":{MAX_RESPONSE},"retries":{RETRIES},"timeout_secs":60}}}}}}}}"#
    );
    Config::parse("config.json", text.as_bytes()).unwrap()
}

/// Returns the text that was shown, and the step that ends the exchange.
fn exchange(turn: &mut Turn<'_>, response: &Response, elapsed: Duration) -> (String, Step) {
    let mut shown = String::new();
    let head = Event::Head {
        status: response.status,
        headers: &response.headers,
    };
    let parts = std::iter::repeat_n(response.body.as_slice(), response.rounds)
        .flat_map(|body| body.chunks(response.part))
        .map(Event::Body);
    let last = response.failure.clone().map_or(Event::End, Event::Failed);
    for event in [head].into_iter().chain(parts).chain([last]) {
        let mut step = turn.feed(event, &|| elapsed);
        while let Step::Delta(text) | Step::Reasoning(text) = &step {
            assert!(!text.is_empty(), "a delta shows something");
            if let Step::Delta(text) = &step {
                shown += text;
            }
            step = turn.feed(Event::Body(&[]), &|| elapsed);
        }
        match step {
            Step::More => {}
            step => return (shown, step),
        }
    }
    panic!("the response is over, and the turn asks for more");
}

/// Drives a turn to its end, with `responses` over and over.
fn drive(config: &Config, responses: &[Response]) {
    let (mut turn, _) = Turn::begin(
        config,
        &|_| Some("sk-key".to_owned()),
        Session::default(),
        Input::parse("Hello!").unwrap(),
    )
    .unwrap();
    let mut elapsed = Duration::ZERO;
    for response in responses.iter().cycle().take(RETRIES + 1) {
        let (shown, step) = exchange(&mut turn, response, elapsed);
        match step {
            Step::Retry { after, request } => {
                assert!(shown.is_empty(), "nothing is tried again once text was shown");
                elapsed += after;
                assert_eq!(request.timeout, config.provider.timeout - elapsed);
            }
            Step::Done(reply) => {
                assert_eq!(reply.session.messages.last().unwrap().content, reply.text());
                assert_eq!(
                    reply.session.messages.last().unwrap().incomplete,
                    reply.incomplete.is_some()
                );
                assert_eq!(shown, if reply.streamed { reply.text() } else { "" });
                return;
            }
            Step::Failed(error) => {
                assert!(shown.is_empty(), "what was shown is an answer");
                let words = error.to_string();
                assert!(!words.is_empty() && words.len() < 2000, "{words}");
                assert!(
                    !words.contains("password") && !words.contains(char::is_control),
                    "{words}"
                );
                return;
            }
            step => panic!("{step:?}"),
        }
    }
    panic!("more attempts than the configuration allows");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_responses_end_within_bounds(
        responses in vec(response(), 1..4),
        kind in prop::sample::select(vec!["openai", "anthropic"]),
        stream in any::<bool>(),
    ) {
        let config = config(kind, stream);
        let before = USED.load(Relaxed);
        PEAK.store(before, Relaxed);
        drive(&config, &responses);
        let held = PEAK.load(Relaxed) - before;
        prop_assert!(held < MAX_HELD, "{} bytes held", held);
    }
}
