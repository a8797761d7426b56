//! The server: takes a request, writes it down, answers it as its path says. A thread a connection, for a scenario may
//! keep its connection for as long as it likes.

use std::{
    collections::HashMap,
    io::{self, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use crate::{
    Received, RequestLog,
    answer::{Exchange, answer},
    request::Request,
    route,
    wire::Wire,
};

/// A server that listens already and answers once it runs.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    log: RequestLog,
}

/// What requests share.
#[derive(Debug)]
struct Shared {
    log: RequestLog,
    /// How many requests each path has seen.
    seen: Mutex<HashMap<String, u32>>,
}

impl Server {
    /// Listens on loopback. Port 0 takes any that is free; [`Self::address`] says which.
    ///
    /// # Errors
    ///
    /// The port is taken.
    pub fn bind(port: u16, log: RequestLog) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, log })
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests for as long as the process lives.
    ///
    /// # Errors
    ///
    /// Connections can no longer be taken.
    pub fn run(self) -> io::Result<()> {
        let shared = Arc::new(Shared { log: self.log, seen: Mutex::default() });
        loop {
            let (stream, _) = self.listener.accept()?;
            let shared = Arc::clone(&shared);
            // A client that has gone, as many a scenario makes it go, is no error of the server's.
            thread::spawn(move || drop(take(&shared, stream)));
        }
    }
}

impl Shared {
    /// Counts a request to `path`; 1 is the first.
    fn count(&self, path: &str) -> u32 {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry(path.to_owned()).or_default();
        *count += 1;
        *count
    }
}

fn take(shared: &Shared, stream: TcpStream) -> io::Result<()> {
    let read = Request::read(&mut BufReader::new(&stream));
    let mut wire = Wire::new(stream)?;
    let request = match read {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(()),
        Err(error) => return plain(&mut wire, 400, &format!("could not read the request: {error}")),
    };
    if let Err(error) = shared.log.record(&Received::new(&request)) {
        return plain(&mut wire, 500, &format!("could not write the log: {error}"));
    }
    match route::find(&request.method, &request.path) {
        Err((status, why)) => plain(&mut wire, status, &why),
        Ok((dialect, scenario)) => {
            let seen = shared.count(&request.path);
            answer(scenario, Exchange { dialect, request: &request, seen, wire: &mut wire })
        }
    }
}

fn plain(wire: &mut Wire, status: u16, text: &str) -> io::Result<()> {
    wire.whole(status, &[("content-type", "text/plain; charset=utf-8")], format!("{text}\n").as_bytes())
}
