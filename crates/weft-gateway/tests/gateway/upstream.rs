//! A provider that goes on when it is told to: a test waits for nothing that takes its time.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A provider of one's own. It begins each stream with [`HeldProvider::FIRST`], and waits then, as it does before each whole answer.
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
    /// What a stream begins with.
    pub(crate) const FIRST: &str = "held";

    /// What comes once it is released.
    pub(crate) const REST: &str = " and released";

    pub(crate) fn new() -> HeldProvider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let held = HeldProvider { base, state: Arc::default() };
        let provider = held.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let provider = provider.clone();
                // That the gateway goes away is what some tests are about.
                thread::spawn(move || provider.answer(stream));
            }
        });
        held
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Lets all answers go on, also those that are asked for later.
    pub(crate) fn release(&self) {
        self.state.0.lock().expect("the state").released = true;
        self.state.1.notify_all();
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait_for(&self, requests: usize) {
        self.wait(|state| state.requests >= requests);
    }

    fn wait(&self, enough: impl Fn(&State) -> bool) {
        let state = self.state.0.lock().expect("the state");
        let waited = self.state.1.wait_timeout_while(state, PATIENCE, |state| !enough(state));
        assert!(!waited.expect("the state").1.timed_out(), "nothing happened for {PATIENCE:?}");
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
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
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

/// The request's body.
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
