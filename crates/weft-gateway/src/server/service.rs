//! The service that answers the requests of one connection, and the handling of bodies that it does not read.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, Request, Response, header},
};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, service::Service};
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use crate::paths;

/// The largest unread body, in bytes, that is read to its end so that the connection can be kept.
const SMALL_BODY: u64 = 64 * 1024;

/// The time for reading it.
const SMALL_BODY_TIME: Duration = Duration::from_millis(500);

/// Answers the requests of one connection.
#[derive(Clone)]
pub(super) struct RequestService {
    routes: TowerToHyperService<Router>,
    activity: Arc<Activity>,
    draining: CancellationToken,
}

impl RequestService {
    /// Returns a service that answers through `routes` and notes in `activity` whether it waits for the
    /// client. While `draining`, it closes the connection after each answer.
    pub(super) fn new(
        routes: Router,
        activity: Arc<Activity>,
        draining: CancellationToken,
    ) -> RequestService {
        RequestService {
            routes: TowerToHyperService::new(routes),
            activity,
            draining,
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let guard = AnswerGuard::new(Arc::clone(&self.activity));
        let asks_first = request.headers().contains_key(header::EXPECT);
        let unread = UnreadSlot::default();
        let mut request = request.map(|body| {
            let unread = unread.clone();
            let activity = Arc::clone(&self.activity);
            Body::new(RequestBody {
                body: Some(body),
                read_begun: false,
                unread,
                activity,
            })
        });
        request
            .extensions_mut()
            .insert(RequestActivity(Arc::clone(&self.activity)));
        paths::canonicalize(request.uri_mut());
        let Ok(mut response) = self.routes.call(request).await;
        let ended = match unread.take() {
            None => true,
            // A client that expects `100 Continue` has sent no body yet: the answer keeps it from sending
            // one.
            Some(Unread { body, read_begun }) => {
                body.is_end_stream() || (read_begun || !asks_first) && discard(body, &self.activity).await
            }
        };
        if !ended {
            self.activity.linger();
        }
        if !ended || self.draining.is_cancelled() {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| Body::new(ResponseBody { body, _guard: guard })))
    }
}

impl Service<Request<Incoming>> for RequestService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

/// Reads an unread body to its end if it is small and arrives soon. Returns whether it did.
async fn discard(mut body: Incoming, activity: &Activity) -> bool {
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
    // The connection waits for the client, so it may be evicted.
    activity.received(false);
    let read = tokio::time::timeout(SMALL_BODY_TIME, reading)
        .await
        .unwrap_or(false);
    activity.received(true);
    read
}

/// The connection of a request, as an extension of the request.
#[derive(Clone)]
pub(crate) struct RequestActivity(Arc<Activity>);

impl RequestActivity {
    /// Notes that a turn is being made for the request: its connection is not evicted until it is answered.
    pub(crate) fn work(&self) {
        self.0.work();
    }
}

/// Marks the connection as answering a request until it is dropped.
struct AnswerGuard(Arc<Activity>);

impl AnswerGuard {
    fn new(activity: Arc<Activity>) -> AnswerGuard {
        activity.answering();
        AnswerGuard(activity)
    }
}

impl Drop for AnswerGuard {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// Receives a request's body that the handler dropped.
#[derive(Clone, Default)]
struct UnreadSlot(Arc<Mutex<Option<Unread>>>);

/// A request's body that was dropped, possibly before its end.
struct Unread {
    body: Incoming,
    /// Whether the handler has read any of it.
    read_begun: bool,
}

impl UnreadSlot {
    fn take(&self) -> Option<Unread> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, left: Unread) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
    }
}

/// A request's body, which returns to the slot when it is dropped.
struct RequestBody {
    /// `None` only while this is dropped.
    body: Option<Incoming>,
    read_begun: bool,
    unread: UnreadSlot,
    activity: Arc<Activity>,
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.read_begun = true;
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(body).poll_frame(context);
        self.activity.received(frame.is_ready());
        Poll::Ready(ready!(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.activity.received(true);
        if let Some(body) = self.body.take() {
            self.unread.put(Unread {
                body,
                read_begun: self.read_begun,
            });
        }
    }
}

/// A response's body, which ends the answer when it is dropped.
struct ResponseBody {
    body: Body,
    _guard: AnswerGuard,
}

impl HttpBody for ResponseBody {
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
