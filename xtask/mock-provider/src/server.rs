//! The server: reads a request, logs it, and answers it according to its path. Each connection has a thread,
//! because a scenario may keep its connection for any time.

use std::{
    collections::HashMap,
    io::{self, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use crate::{
    answer::answer,
    capable,
    exchange::Exchange,
    log::{Received, RequestLog},
    request::Request,
    route,
    wire::Wire,
};

/// A server that listens, and answers once it runs.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    log: RequestLog,
}

/// The state that requests share.
#[derive(Debug)]
struct Shared {
    log: RequestLog,
    /// The number of requests to each path.
    seen: Mutex<HashMap<String, u32>>,
}

impl Server {
    /// Listens on loopback. Port 0 means any free one; [`Self::address`] returns it.
    ///
    /// # Errors
    ///
    /// Fails if the port is taken.
    pub fn bind(port: u16, log: RequestLog) -> io::Result<Self> {
        Self::bind_on(Ipv4Addr::LOCALHOST, port, log)
    }

    /// Listens on `host`, an address of this machine, as [`bind`](Self::bind) does on loopback.
    ///
    /// # Errors
    ///
    /// Fails if the address is not the machine's, or the port is taken.
    pub fn bind_on(host: Ipv4Addr, port: u16, log: RequestLog) -> io::Result<Self> {
        let listener = TcpListener::bind((host, port))?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            log,
        })
    }

    /// Returns the address of the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests for as long as the process lives.
    ///
    /// # Errors
    ///
    /// Fails if connections can no longer be accepted.
    pub fn run(self) -> io::Result<()> {
        let shared = Arc::new(Shared {
            log: self.log,
            seen: Mutex::default(),
        });
        loop {
            let (stream, _) = self.listener.accept()?;
            let shared = Arc::clone(&shared);
            // A client that disconnects, as many scenarios cause, is not an error of the server.
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
    if capable::is_other(&request.path) {
        return capable::answer_other(capable::Other {
            request: &request,
            wire: &mut wire,
        });
    }
    match route::find(&request.method, &request.path) {
        Err((status, why)) => plain(&mut wire, status, &why),
        Ok((dialect, scenario)) => {
            let seen = shared.count(&request.path);
            answer(
                scenario,
                Exchange {
                    dialect,
                    request: &request,
                    seen,
                    wire: &mut wire,
                },
            )
        }
    }
}

fn plain(wire: &mut Wire, status: u16, text: &str) -> io::Result<()> {
    wire.whole(
        status,
        &[("content-type", "text/plain; charset=utf-8")],
        format!("{text}\n").as_bytes(),
    )
}
