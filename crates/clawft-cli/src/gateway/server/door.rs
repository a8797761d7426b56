//! The way from a connection to the routes and back.

use super::activity::Activity;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Request, Response, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many bytes of a body that nobody wanted are read before the answer, to keep the connection.
const SMALL_BODY: u64 = 64 * 1024;

/// How long they may take to come.
const SMALL_BODY_TIME: Duration = Duration::from_millis(500);

/// Answers the requests of one connection.
#[derive(Clone)]
pub(super) struct Door {
    routes: TowerToHyperService<Router>,
    activity: Arc<Activity>,
    draining: CancellationToken,
}

impl Door {
    /// Answers by `routes`, and notes in `activity` what is waited for. While `draining`, each answer is a connection's last one.
    pub(super) fn new(routes: Router, activity: Arc<Activity>, draining: CancellationToken) -> Door {
        Door { routes: TowerToHyperService::new(routes), activity, draining }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let answering = Answering::new(Arc::clone(&self.activity));
        let asks_first = request.headers().contains_key(header::EXPECT);
        let rest = Rest::default();
        let request = request.map(|body| {
            let (rest, activity) = (rest.clone(), Arc::clone(&self.activity));
            Body::new(Arriving { body: Some(body), begun: false, rest, activity })
        });
        let Ok(mut response) = self.routes.call(request).await;
        let ended = match rest.take() {
            None => true,
            // Whoever asks before sending a body is told not to by the answer.
            Some(Left { body, begun }) => {
                body.is_end_stream() || (begun || !asks_first) && discard(body).await
            }
        };
        if !ended {
            self.activity.linger();
        }
        if !ended || self.draining.is_cancelled() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| Body::new(Leaving { body, _answering: answering })))
    }
}

impl Service<Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

/// Reads a body that nobody wanted, if it is small and comes soon. Returns whether it has been read.
async fn discard(mut body: Incoming) -> bool {
    if body.size_hint().upper().is_none_or(|size| size > SMALL_BODY) {
        return false;
    }
    let reading = async {
        loop {
            match body.frame().await {
                None => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) => return false,
            }
        }
    };
    tokio::time::timeout(SMALL_BODY_TIME, reading).await.unwrap_or(false)
}

/// That a request is being answered, for as long as this exists.
struct Answering(Arc<Activity>);

impl Answering {
    fn new(activity: Arc<Activity>) -> Answering {
        activity.answering();
        Answering(activity)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// Where a request's body is left by those who did not read it to its end.
#[derive(Clone, Default)]
struct Rest(Arc<Mutex<Option<Left>>>);

/// A body that was left.
struct Left {
    body: Incoming,
    /// Whether any of it was asked for.
    begun: bool,
}

impl Rest {
    fn take(&self) -> Option<Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, left: Left) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
    }
}

/// A request's body on its way in.
struct Arriving {
    /// Always there until this is dropped.
    body: Option<Incoming>,
    begun: bool,
    rest: Rest,
    activity: Arc<Activity>,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.begun = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        self.activity.received(frame.is_ready());
        Poll::Ready(ready!(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.activity.received(true);
        if let Some(body) = self.body.take() {
            self.rest.put(Left { body, begun: self.begun });
        }
    }
}

/// An answer's body on its way out.
struct Leaving {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
