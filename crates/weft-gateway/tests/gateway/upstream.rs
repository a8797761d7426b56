//! A provider that continues when the test tells it to, so that tests need no pauses.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// The longest time that a test waits.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// A provider for one test. It begins each stream with [`HeldProvider::FIRST`], and then waits, as it does
/// before each complete answer.
#[derive(Clone)]
pub(crate) struct HeldProvider {
    base: String,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    requests: usize,
    released: bool,
}

impl HeldProvider {
    /// The beginning of a stream.
    pub(crate) const FIRST: &str = "held";

    /// The rest of the text, after the release.
    pub(crate) const REST: &str = " and released";

    pub(crate) fn new() -> HeldProvider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let held = HeldProvider {
            base,
            state: Arc::default(),
        };
        let provider = held.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let provider = provider.clone();
                // The gateway closes the connection in some tests.
                thread::spawn(move || provider.answer(stream));
            }
        });
        held
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Lets all answers continue, also later ones.
    pub(crate) fn release(&self) {
        self.state.0.lock().expect("the state").released = true;
        self.state.1.notify_all();
    }

    /// Waits until `requests` requests have arrived.
    pub(crate) fn wait_for(&self, requests: usize) {
        self.wait(|state| state.requests >= requests);
    }

    fn wait(&self, enough: impl Fn(&State) -> bool) {
        let state = self.state.0.lock().expect("the state");
        let waited = self
            .state
            .1
            .wait_timeout_while(state, MAX_WAIT, |state| !enough(state));
        assert!(
            !waited.expect("the state").1.timed_out(),
            "nothing happened for {MAX_WAIT:?}"
        );
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let request = read(&stream)?;
        self.state.0.lock().expect("the state").requests += 1;
        self.state.1.notify_all();
        if request["stream"] != true {
            self.wait(|state| state.released);
            let text = [HeldProvider::FIRST, HeldProvider::REST].concat();
            let message = json!({ "role": "assistant", "content": text });
            let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
            let body = json!({ "choices": [choice] }).to_string();
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
            return write!(stream, "{head}{}\r\n\r\n{body}", body.len());
        }
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        )?;
        write!(stream, "{}", event(HeldProvider::FIRST, Value::Null))?;
        self.wait(|state| state.released);
        write!(
            stream,
            "{}{}data: [DONE]\n\n",
            event(HeldProvider::REST, Value::Null),
            event("", "stop".into())
        )
    }
}

fn event(text: &str, finish: Value) -> String {
    let choice = json!({ "index": 0, "delta": { "content": text }, "finish_reason": finish });
    format!("data: {}\n\n", json!({ "choices": [choice] }))
}

/// Reads the request's body.
fn read(stream: &TcpStream) -> std::io::Result<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            if line.trim().is_empty() { break } else { continue }
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
