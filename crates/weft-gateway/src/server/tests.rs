//! Tests of one connection, with a simulated client and a clock that advances only while all tasks wait.

use std::{
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Bytes,
    http::StatusCode,
    routing::{get, post},
};
use tokio::{
    io::{
        AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex, split,
    },
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    HEAD_TIME, RequestActivity,
    connections::{ConnectionLimits, ConnectionSlot, Connections},
    converse, serve,
    timed_stream::{Transport, WRITE_TIME},
};
use crate::test_state;

/// The capacity of the wire in bytes.
const WIRE: usize = 4096;

/// The size of an answer that far exceeds that capacity.
const LONG: usize = 1_000_000;

/// The gateway's end of the wire.
struct Wire {
    stream: DuplexStream,
    /// The number of bytes that the gateway has read.
    read: Arc<AtomicUsize>,
    reset: Arc<AtomicBool>,
}

impl Transport for Wire {
    fn reset_on_drop(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.read
            .fetch_add(buffer.filled().len() - before, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The client's view of a connection, and the gateway's state of it.
struct Client {
    stream: DuplexStream,
    served: JoinHandle<()>,
    slot: Arc<ConnectionSlot>,
    read: Arc<AtomicUsize>,
    reset: Arc<AtomicBool>,
    draining: CancellationToken,
    began: Instant,
}

fn routes() -> Router {
    let refuse = || async { StatusCode::UNAUTHORIZED };
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/long", get(|| async { "x".repeat(LONG) }))
        .route("/refuse", post(refuse))
        .route(
            "/count",
            post(|body: Bytes| async move { body.len().to_string() }),
        )
        .route("/never", get(std::future::pending::<StatusCode>))
        .route("/turn", get(turn))
}

async fn turn(Extension(connection): Extension<RequestActivity>) -> StatusCode {
    connection.work();
    std::future::pending().await
}

/// A proxy does not send a request of a reset connection elsewhere, because it may have been carried out.
#[tokio::test]
async fn connections_that_wait_at_the_end_are_answered() {
    use std::{io::Read as _, io::Write as _, net::TcpStream};

    let (shared, _home) = test_state::local();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let clients: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            client
        })
        .collect();
    let closing = CancellationToken::new();
    closing.cancel();
    serve(listener, routes(), shared, None, closing).await;
    for mut client in clients {
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("hello"), "{answer}");
    }
    TcpStream::connect(address).unwrap_err();
}

fn connect() -> Client {
    let (stream, wire) = duplex(WIRE);
    let (read, reset) = (Arc::default(), Arc::default());
    let wire = Wire {
        stream: wire,
        read: Arc::clone(&read),
        reset: Arc::clone(&reset),
    };
    let connections = Connections::new(ConnectionLimits {
        total: 1,
        per_address: 1,
    });
    let slot = Arc::new(connections.admit(IpAddr::V4(Ipv4Addr::LOCALHOST)).slot.unwrap());
    let draining = CancellationToken::new();
    let its_slot = Arc::clone(&slot);
    let its_draining = draining.clone();
    let served = tokio::spawn(async move {
        converse(
            wire,
            routes(),
            &its_slot,
            &its_draining,
            &CancellationToken::new(),
        )
        .await;
    });
    Client {
        stream,
        served,
        slot,
        read,
        reset,
        draining,
        began: Instant::now(),
    }
}

impl Client {
    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until `end` has arrived.
    async fn read_until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            text.push(self.stream.read_u8().await.unwrap());
        }
        String::from_utf8(text).unwrap()
    }

    async fn read_to_end(&mut self) -> String {
        let mut text = Vec::new();
        self.stream.read_to_end(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    /// Waits until the gateway has closed the connection, and returns the time since its beginning.
    async fn over(&mut self) -> Duration {
        (&mut self.served).await.unwrap();
        self.began.elapsed()
    }
}

fn seconds(time: Duration) -> u64 {
    (time + Duration::from_millis(500)).as_secs()
}

#[tokio::test(start_paused = true)]
async fn limits_time_for_the_head() {
    for begun in ["", "GET / HTTP/1.1\r\nhost: x\r\n"] {
        let mut client = connect();
        client.send(begun).await;
        assert_eq!(client.over().await, HEAD_TIME, "{begun}");
        assert_eq!(seconds(HEAD_TIME), 15);
    }
}

#[tokio::test(start_paused = true)]
async fn closes_connection_that_is_idle() {
    let mut client = connect();
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        client.read_until("hello").await;
        sleep(Duration::from_secs(14)).await;
    }
    assert_eq!(seconds(client.over().await), 14 + 15);
}

#[tokio::test(start_paused = true)]
async fn cuts_client_that_reads_nothing() {
    let mut client = connect();
    client.send("GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(client.over().await, WRITE_TIME);
    assert_eq!(seconds(WRITE_TIME), 30);
    assert!(client.slot.activity.is_stalled() && client.reset.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn serves_slow_reader_completely() {
    let mut client = connect();
    client.send("GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut left = LONG;
    let mut bytes = vec![0; 100_000];
    client.read_until("\r\n\r\n").await;
    while left > 0 {
        sleep(WRITE_TIME - Duration::from_secs(1)).await;
        let some = left.min(bytes.len());
        client.stream.read_exact(&mut bytes[..some]).await.unwrap();
        left -= some;
    }
    assert!(!client.slot.activity.is_stalled());
}

#[tokio::test(start_paused = true)]
async fn reads_nothing_ahead_of_blocked_client() {
    let mut client = connect();
    let requests = "GET /long HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100_000);
    let sent = timeout(
        Duration::from_secs(10),
        client.stream.write_all(requests.as_bytes()),
    )
    .await;
    assert!(sent.is_err(), "all of it was taken");
    let read = client.read.load(Ordering::Relaxed);
    assert!(read <= 2 * super::BUFFER && super::BUFFER == 65_536, "{read}");
}

#[tokio::test(start_paused = true)]
async fn refusal_reaches_client_that_sends_body_first() {
    let mut client = connect();
    let size = 4_000_000;
    client
        .send(&format!(
            "POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"
        ))
        .await;
    client.send(&"x".repeat(size)).await;
    let told = client.read_to_end().await;
    assert!(
        told.starts_with("HTTP/1.1 401 ") && told.contains("\r\nconnection: close\r\n"),
        "{told}"
    );
    drop(client.stream);
    client.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn small_unread_body_keeps_the_connection() {
    let mut client = connect();
    for _ in 0..2 {
        client
            .send("POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello")
            .await;
        let told = client.read_until("\r\n\r\n").await;
        assert!(
            told.starts_with("HTTP/1.1 401 ") && !told.contains("connection"),
            "{told}"
        );
    }
    client
        .send("POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhell")
        .await;
    let told = client.read_to_end().await;
    assert_eq!(
        client.began.elapsed().as_millis(),
        500,
        "it is not waited for long"
    );
    assert!(
        told.starts_with("HTTP/1.1 401 ") && told.contains("connection: close"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn answers_expect_continue_without_the_body() {
    let head = "content-length: 5\r\nexpect: 100-continue\r\nhost: x\r\n\r\n";
    let mut client = connect();
    client.send(&format!("POST /refuse HTTP/1.1\r\n{head}")).await;
    let told = client.read_to_end().await;
    assert!(
        told.starts_with("HTTP/1.1 401 ") && told.contains("connection: close"),
        "{told}"
    );
    let mut client = connect();
    client.send(&format!("POST /count HTTP/1.1\r\n{head}")).await;
    assert_eq!(
        client.read_until("\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    client.send("hello").await;
    assert!(client.read_until("\r\n\r\n5").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(start_paused = true)]
async fn stops_reading_from_refused_client() {
    let refused = async |pause: u64| {
        let mut client = connect();
        client
            .send("POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n")
            .await;
        client.read_to_end().await;
        let (_, mut stream) = split(client.stream);
        tokio::spawn(async move {
            let more = "x".repeat(WIRE);
            while stream.write_all(more.as_bytes()).await.is_ok() {
                sleep(Duration::from_secs(pause)).await;
            }
        });
        client.served.await.unwrap();
        (
            seconds(client.began.elapsed()),
            client.read.load(Ordering::Relaxed) >> 20,
        )
    };
    let (took, read) = refused(0).await;
    assert!(took == 0 && (32..34).contains(&read), "{took} s, {read} MB");
    assert_eq!(refused(4).await, (30, 0));
    assert_eq!(refused(6).await, (5, 0));
}

#[tokio::test(start_paused = true)]
async fn refuses_invalid_request_in_openais_shape() {
    let large = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(200));
    for (request, status, code) in [
        ("\u{16}\u{3}\u{1}\r\n\r\n", 400, "bad_request"),
        ("GET / HTTP/1.1\r\nhost x\r\n\r\n", 400, "bad_request"),
        (
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n",
            400,
            "bad_request",
        ),
        (
            "POST / HTTP/1.1\r\nhost: x\r\nContent-Length: 18446744073709551615\r\n\r\n",
            413,
            "request_too_large",
        ),
        (
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 18446744073709551616\r\n\r\n",
            413,
            "request_too_large",
        ),
        (large.as_str(), 431, "head_too_large"),
        (many.as_str(), 431, "head_too_large"),
    ] {
        for before in ["", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"] {
            let mut client = connect();
            client.send(&[before, request].concat()).await;
            let text = client.read_to_end().await;
            let (earlier, told) = text.split_at(text.rfind("HTTP/1.1 ").unwrap());
            assert_eq!(earlier.is_empty(), before.is_empty());
            assert!(before.is_empty() || earlier.ends_with("hello"), "{earlier}");
            assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{told}");
            assert!(told.contains("\r\nconnection: close\r\n"), "{told}");
            let body: serde_json::Value =
                serde_json::from_str(told.split("\r\n\r\n").nth(1).unwrap()).unwrap();
            assert_eq!(
                (&body["error"]["type"], &body["error"]["code"]),
                (&"invalid_request_error".into(), &code.into())
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_answer_is_last_while_draining() {
    let mut client = connect();
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!client.read_until("hello").await.contains("connection: close"));
    client.draining.cancel();
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(client.read_to_end().await.contains("\r\nconnection: close\r\n"));
    assert_eq!(seconds(client.over().await), 0);
}

#[tokio::test(start_paused = true)]
async fn evicted_connection_ends_immediately() {
    let mut client = connect();
    sleep(Duration::from_secs(2)).await;
    client.slot.activity.abort();
    client.slot.cut.cancel();
    assert_eq!(seconds(client.over().await), 2);
    assert!(client.reset.load(Ordering::Relaxed));
    assert_eq!(client.read_to_end().await, "");
}

#[tokio::test(start_paused = true)]
async fn notes_when_it_waits_for_client() {
    let waited = async |request: &str| {
        let mut client = connect();
        client.send(request).await;
        sleep(Duration::from_secs(3)).await;
        client.slot.activity.waiting().map(seconds)
    };
    assert_eq!(waited("").await, Some(3));
    assert_eq!(
        waited("GET /turn HTTP/1.1\r\nhost: x\r\n\r\n").await,
        None,
        "a turn is made"
    );
    let request = "GET /never HTTP/1.1\r\nhost: x\r\n\r\n";
    assert_eq!(
        waited(request).await,
        Some(3),
        "a handler that waits for files keeps no connection"
    );
    assert_eq!(
        waited("GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await,
        Some(3),
        "the answer is not read"
    );
    assert_eq!(
        waited("POST /count HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n").await,
        Some(3)
    );
}

#[tokio::test(start_paused = true)]
async fn waits_for_client_while_discarding_body() {
    let mut client = connect();
    client
        .send("POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n")
        .await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(client.slot.activity.waiting(), Some(Duration::from_millis(100)));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn system_buffers_little_for_client_that_never_reads() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(client, listener.accept());
    let client = client.unwrap();
    let stream = accepted.unwrap().0;
    super::limit_unsent(&stream);
    let mut taken = 0;
    stream.writable().await.unwrap();
    while let Ok(count) = stream.try_write(&[0; 8192]) {
        taken += count;
    }
    assert!((8192..1 << 20).contains(&taken), "{taken} bytes");
    drop(client);
}
