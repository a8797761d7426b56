//! `fetch`: sends the requests of the machine that checks them.

use crate::agent::transport;
use crate::error::Error;
use clawft_core::{Event, HttpRequest, TransportError};
use clawft_tools::{Fetch, FetchSettings, FetchStep};
use clawft_types::ToolResult;
use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout_at};

/// Returns a client that connects to no private address, unless the configuration lists it. A name is looked up
/// once, and the connection goes to the address that was checked. Behind a proxy, the proxy decides.
pub(super) fn client(settings: &Arc<FetchSettings>) -> Result<Client, Error> {
    transport::client_with_resolver(Resolver(Arc::clone(settings)))
}

struct Resolver(Arc<FetchSettings>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let settings = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let permitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| settings.permits_address(address.ip()))
                .collect();
            if permitted.is_empty() {
                let cause =
                    "the name leads to private addresses only, and the configuration does not list them";
                return Err(io::Error::other(cause).into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Performs a call from its first request to its result.
pub(super) async fn perform(client: &Client, mut machine: Fetch, mut request: HttpRequest) -> ToolResult {
    loop {
        let step = match exchange(client, &mut machine, request).await {
            Ok(step) => step,
            Err(error) => machine.feed(Event::Failed(error)),
        };
        match step {
            FetchStep::Done(result) => return result,
            FetchStep::Send(next) => request = next,
            // The machine asks for more only within a response.
            FetchStep::More => {
                return ToolResult {
                    id: String::new(),
                    content: "the response broke off".to_owned(),
                    is_error: true,
                };
            }
        }
    }
}

/// Sends a request, and feeds its response until there is another step.
async fn exchange(
    client: &Client,
    machine: &mut Fetch,
    request: HttpRequest,
) -> Result<FetchStep, TransportError> {
    let after = request.timeout;
    let deadline = Instant::now() + after;
    let limit = clawft_core::TimeLimit::Total;
    let late = |_| TransportError::TimedOut { after, limit };
    let request =
        transport::request(client, request).map_err(|error| TransportError::Impossible(error.to_string()))?;
    let sent = timeout_at(deadline, request.send()).await.map_err(late)?;
    let mut response = sent.map_err(|error| transport::explain(&error, false))?;
    let mut step = machine.feed(Event::Head {
        status: response.status().as_u16(),
        headers: &transport::headers(&response),
    });
    while matches!(step, FetchStep::More) {
        let chunk = timeout_at(deadline, response.chunk()).await.map_err(late)?;
        step = match chunk.map_err(|error| transport::explain(&error, true))? {
            Some(bytes) => machine.feed(Event::Body(&bytes)),
            None => return Ok(machine.feed(Event::End)),
        };
    }
    Ok(step)
}
