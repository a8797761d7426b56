//! The state that all requests share.

use std::{
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::http::StatusCode;
use clawft_types::Config;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use weft_agent::{Agent, ConfigFile, Error, Home, Stop, forward::Forwarder};

use super::{
    access::Access,
    api_error::ApiError,
    build::Build,
    keys::Keys,
    metrics::Metrics,
    readiness::Readiness,
    routing::{Discovery, Routing},
    settings::Settings,
    store::Store,
    tenant::Tenant,
    work_limits::WorkLimits,
};

/// The `Retry-After` of a request for which there is no room, in seconds.
const BUSY_SECONDS: u64 = 1;

/// The time that requests have for their answers after all turns were stopped. Turns end a little earlier.
pub(super) const ANSWER_TIME: Duration = Duration::from_millis(750);

/// A handle on [`State`].
#[derive(Clone)]
pub(super) struct Shared(Arc<State>);

impl Deref for Shared {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

/// The state that all requests share.
pub(super) struct State {
    /// The sessions of whoever has no key.
    pub(super) owner: Arc<Tenant>,
    /// The sessions, kept responses and keys.
    pub(super) store: Arc<dyn Store>,
    /// The keys of clients.
    pub(super) keys: Arc<Keys>,
    pub(super) home: Home,
    pub(super) settings: Settings,
    pub(super) access: Access,
    pub(super) metrics: Metrics,
    /// The readiness checks.
    pub(super) readiness: Readiness,
    /// Limits on work that takes long.
    pub(super) work: Arc<WorkLimits>,
    /// The running turns. A turn outlives its client for a moment, in which the received part is stored.
    pub(super) turns: TaskTracker,
    /// The requests that are being answered, each until the end of its response.
    pub(super) answers: TaskTracker,
    /// Stops every turn.
    pub(super) stop: Stop,
    /// Cancelled when no new turns are begun.
    pub(super) draining: CancellationToken,
    /// Sends the requests that are passed on.
    pub(super) forwarder: Forwarder,
    /// Asks providers for their models.
    pub(super) discovery: Discovery,
    reloadable: RwLock<Reloadable>,
    room: Arc<Semaphore>,
}

/// The values that SIGHUP reads again.
#[derive(Debug, Clone)]
pub(super) struct Reloadable {
    /// The agent's configuration.
    pub(super) config: Arc<Config>,
    /// The providers that requests are passed on to.
    pub(super) routing: Arc<Routing>,
}

impl Reloadable {
    /// Reads the configuration `file`.
    ///
    /// # Errors
    /// If it is invalid.
    pub(super) fn read(file: &ConfigFile) -> Result<Reloadable, Error> {
        let config = file.agent()?;
        Ok(Reloadable {
            routing: Arc::new(Routing::read(&config, file, &super::log::warn)?),
            config: Arc::new(config),
        })
    }
}

impl Shared {
    /// Returns the state for `agent` and `store`. The keys are not read yet.
    ///
    /// # Errors
    /// If the path of `home` is not UTF-8.
    pub(super) fn new(
        agent: Agent,
        store: Arc<dyn Store>,
        home: Home,
        settings: Settings,
        access: Access,
        reloadable: Reloadable,
        build: Build,
    ) -> Result<Shared, Error> {
        let room = Arc::new(Semaphore::new(settings.max_concurrent as usize));
        let forwarder = agent.forwarder();
        let work = Arc::new(WorkLimits::new());
        Ok(Shared(Arc::new(State {
            discovery: Discovery::new(forwarder.clone(), Arc::clone(&work)),
            forwarder,
            keys: Arc::new(Keys::new(Arc::clone(&store), &agent, &home)),
            owner: Arc::new(Tenant::owner(agent, &store)?),
            store,
            home,
            settings,
            access,
            metrics: Metrics::new(build),
            readiness: Readiness::default(),
            work,
            turns: TaskTracker::new(),
            answers: TaskTracker::new(),
            stop: Stop::new(),
            draining: CancellationToken::new(),
            reloadable: RwLock::new(reloadable),
            room,
        })))
    }
}

impl State {
    /// Returns the agent's configuration as it was read last.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(
            &self
                .reloadable
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .config,
        )
    }

    /// Returns the providers that requests are passed on to.
    pub(super) fn routing(&self) -> Arc<Routing> {
        Arc::clone(
            &self
                .reloadable
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .routing,
        )
    }

    /// Reads the agent's configuration again, and returns the file. Running turns keep the old one.
    ///
    /// # Errors
    /// If it is invalid; the old one stays in use then.
    pub(super) fn reload(&self) -> Result<ConfigFile, Error> {
        let file = ConfigFile::read(&self.home)?;
        let read = Reloadable::read(&file)?;
        *self.reloadable.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(file)
    }

    /// Returns `work`'s result, or 503 as soon as the gateway is about to end.
    ///
    /// # Errors
    /// As `work`.
    pub(super) async fn unless_draining<T>(
        &self,
        work: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        tokio::select! {
            biased;
            () = self.draining.cancelled() => Err(self.refuse_at_end()),
            done = work => done,
        }
    }

    /// Waits until the gateway abandons running requests.
    pub(super) async fn abandoned(&self) {
        self.stop.stopped().await;
        sleep(ANSWER_TIME).await;
    }

    /// Returns the error of a request for which the gateway's end leaves no time.
    pub(super) fn refuse_at_end(&self) -> ApiError {
        self.metrics.rejected("shutdown");
        let message = "the gateway is shutting down";
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", message);
        error.retry_after(BUSY_SECONDS)
    }

    /// Returns a permit for a turn, valid until it is dropped.
    ///
    /// # Errors
    /// 429 if no permit is left, 503 if the gateway is about to end.
    pub(super) fn admit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        if self.draining.is_cancelled() {
            return Err(self.refuse_at_end());
        }
        Arc::clone(&self.room).try_acquire_owned().map_err(|_| {
            self.metrics.rejected("busy");
            let message = format!(
                "the gateway is making {} answers already (`gateway.max_concurrent`), try again later",
                self.settings.max_concurrent
            );
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "busy", message).retry_after(BUSY_SECONDS)
        })
    }
}
