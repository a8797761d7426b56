//! The answer to a request.

use std::future::Future;

use crate::{
    exchange::Exchange,
    host::Host,
    models,
    refusal::Refusal,
    reply::{self, Answer, AnswerBody},
    request::Incoming,
    route::{self, Route},
    service::Service,
    shared::Shared,
};

/// Answers a request. `body` reads the rest of it, up to a limit in bytes, and is called if it is needed.
pub async fn answer<H: Host, R: Future<Output = Result<Vec<u8>, Refusal>>>(
    service: &Service,
    host: &H,
    request: Incoming,
    body: impl FnOnce(usize) -> R,
) -> Answer<H::Body> {
    let dialect = route::dialect(request.path());
    let outcome = respond(service, host, &request, body).await;
    let mut answer = outcome.unwrap_or_else(|refusal| reply::refusal(&refusal, dialect));
    if request.method == "HEAD" {
        answer.body = AnswerBody::Whole(Vec::new());
    }
    answer
}

async fn respond<H: Host, R: Future<Output = Result<Vec<u8>, Refusal>>>(
    service: &Service,
    host: &H,
    request: &Incoming,
    body: impl FnOnce(usize) -> R,
) -> Result<Answer<H::Body>, Refusal> {
    let route = route::route(&request.method, request.path());
    match &route {
        Ok(Route::Health) => return Ok(reply::status(200, "ok")),
        // It needs no token, so it names no cause.
        Ok(Route::Ready) if service.is_ready() => return Ok(reply::status(200, "ready")),
        Ok(Route::Ready) => return Ok(reply::status(503, "not ready")),
        _ => {}
    }
    let configured = service.admit(&|name| request.header(name).map(str::to_owned))?;
    let shared = Shared {
        service,
        routing: &configured.routing,
        host,
    };
    match route? {
        Route::Models => Ok(models::list(&shared, request).await),
        Route::Model(name) => models::get(&shared, &name).await,
        Route::Pass(api) => {
            request.check_json()?;
            let body = body(configured.max_body).await?;
            Exchange::new(shared, request, api, body)?.run().await
        }
        Route::Health | Route::Ready => Ok(reply::status(200, "ok")),
    }
}
