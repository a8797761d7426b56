//! Providers for tests: one that continues when the test tells it to, so that tests need no pauses, and one that
//! sends given bytes.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

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
    Ok(serde_json::from_str(&Sent::read(stream)?.body)?)
}

/// A request as it arrived at a provider.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// The lines of the head.
    pub(crate) head: Vec<String>,
    /// The body.
    pub(crate) body: String,
}

impl Sent {
    fn read(stream: &TcpStream) -> std::io::Result<Sent> {
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let mut sent = Sent {
            head,
            body: String::new(),
        };
        let length = sent
            .header("content-length")
            .map_or(0, |length| length.parse().expect("a length"));
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        sent.body = String::from_utf8(body).expect("text");
        Ok(sent)
    }

    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.iter().filter_map(|line| line.split_once(": "));
        fields
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

/// The next part of a given answer.
#[derive(Clone)]
pub(crate) enum Part {
    /// These bytes.
    Bytes(String),
    /// Nothing for this time.
    Pause(Duration),
    /// Nothing until [`GivenProvider::release`].
    Hold,
}

/// A provider that answers each request with given parts, and keeps the requests. After the last given answer
/// it repeats that one.
#[derive(Clone)]
pub(crate) struct GivenProvider {
    base: String,
    sent: Arc<Mutex<Vec<Sent>>>,
    released: Arc<(Mutex<bool>, Condvar)>,
}

impl GivenProvider {
    /// Starts it.
    pub(crate) fn new(answers: Vec<Vec<Part>>) -> GivenProvider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let given = GivenProvider {
            base,
            sent: Arc::clone(&sent),
            released: Arc::default(),
        };
        let released = Arc::clone(&given.released);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let sent = Arc::clone(&sent);
                let answers = answers.clone();
                let released = Arc::clone(&released);
                thread::spawn(move || {
                    let request = Sent::read(&stream)?;
                    let mut sent = sent.lock().expect("the requests");
                    let answer = &answers[sent.len().min(answers.len() - 1)];
                    sent.push(request);
                    drop(sent);
                    for part in answer {
                        match part {
                            Part::Bytes(bytes) => stream.write_all(bytes.as_bytes())?,
                            Part::Pause(time) => thread::sleep(*time),
                            Part::Hold => drop(released.1.wait_timeout_while(
                                released.0.lock().expect("the state"),
                                MAX_WAIT,
                                |released| !*released,
                            )),
                        }
                    }
                    std::io::Result::Ok(())
                });
            }
        });
        given
    }

    /// Starts one that always answers with this status, these header lines and this body.
    pub(crate) fn whole(status: u16, headers: &str, body: &str) -> GivenProvider {
        GivenProvider::new(vec![vec![GivenProvider::answer(status, headers, body)]])
    }

    /// Starts one that sends these events at once, and then closes the connection.
    pub(crate) fn events(events: &str) -> GivenProvider {
        GivenProvider::new(vec![vec![Part::Bytes(format!("{EVENTS}{events}"))]])
    }

    /// Returns a complete answer.
    pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Part {
        let length = body.len();
        Part::Bytes(format!(
            "HTTP/1.1 {status} Given\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}\
             content-length: {length}\r\n\r\n{body}"
        ))
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Lets all answers continue.
    pub(crate) fn release(&self) {
        *self.released.0.lock().expect("the state") = true;
        self.released.1.notify_all();
    }

    /// Returns the requests so far.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("the requests").clone()
    }
}

/// The head of a stream that ends with its connection.
pub(crate) const EVENTS: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
