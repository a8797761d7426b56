//! `fetch`: sends the requests of the machine that checks them.

use std::{io, net::SocketAddr, sync::Arc};

use clawft_core::{Event, HttpRequest};
use clawft_tools::{Fetch, FetchSettings, FetchStep, fetch::address::is_public};
use clawft_types::ToolResult;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
};
use tokio::net::lookup_host;

use crate::{
    error::Error,
    exchange::{Reader, Wait, exchange},
    transport,
};

/// Clients that connect to no private address, unless the configuration lists it. A name is looked up once, and the
/// connection goes to the address that was checked. Behind a proxy, the proxy decides.
#[derive(Clone)]
pub(super) struct Clients {
    /// For origins that are listed by their names.
    named: Client,
    /// For origins that an entry with `*` covers: whoever owns such a name could lead it to a private address that is
    /// listed for something else.
    public: Client,
}

impl Clients {
    pub(super) fn new(settings: &Arc<FetchSettings>) -> Result<Clients, Error> {
        Ok(Clients {
            named: transport::client_with_resolver(Resolver(Some(Arc::clone(settings))))?,
            public: transport::client_with_resolver(Resolver(None))?,
        })
    }
}

/// Looks names up, without private addresses except those that the settings list.
struct Resolver(Option<Arc<FetchSettings>>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let settings = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let permitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| match &settings {
                    Some(settings) => settings.permits_address(address.ip()),
                    None => is_public(address.ip()),
                })
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
pub(super) async fn perform(clients: &Clients, mut machine: Fetch, mut request: HttpRequest) -> ToolResult {
    loop {
        let wait = Wait::for_tool(&request);
        let client = match machine.is_named() {
            true => &clients.named,
            false => &clients.public,
        };
        let step = match exchange(client, request, wait, &mut machine).await {
            Ok((step, _)) => step,
            Err(aborted) => machine.feed(Event::Failed(aborted.into())),
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

impl Reader for Fetch {
    type Step = FetchStep;

    fn feed(&mut self, event: Event<'_>) -> FetchStep {
        Fetch::feed(self, event)
    }

    fn needs_more(step: &FetchStep) -> bool {
        matches!(step, FetchStep::More)
    }
}
