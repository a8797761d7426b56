//! `GET /v1/models`: the configured models, and those that the default provider offers.

use std::time::Duration;

use clawft_api::{Dialect, Model, Models};
use clawft_core::{Endpoint, HttpRequest, Method};
use clawft_types::{Provider, json::Writer};

use crate::{
    host::{Body as _, Head, Host},
    refusal::Refusal,
    reply::{self, Answer},
    request::Incoming,
    shared::Shared,
};

/// The longest time that a client waits for the list of a provider.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest list that is read, in bytes.
const LARGEST: usize = 4_000_000;

/// The maximum number of a provider's models that are listed.
const MOST: usize = 2000;

/// Lists the models, in the shape that the client knows.
pub(crate) async fn list<H: Host>(shared: &Shared<'_, H>, request: &Incoming) -> Answer<H::Body> {
    // Only clients of Anthropic send this header.
    let dialect = match request.header("anthropic-version") {
        Some(_) => Dialect::Messages,
        None => Dialect::Chat,
    };
    reply::json(200, Models(known(shared).await).write(dialect))
}

/// Returns the model by its name.
pub(crate) async fn get<H: Host>(shared: &Shared<'_, H>, name: &str) -> Result<Answer<H::Body>, Refusal> {
    let known = known(shared).await;
    let Some(model) = known.iter().find(|model| model.id == name) else {
        let message = "this is not one of the models that `/v1/models` lists";
        let mut refusal = Refusal::new(404, "model_not_found", message);
        refusal.param = Some("model".to_owned());
        return Err(refusal);
    };
    let mut writer = Writer::default();
    writer.object(|body| {
        body.text_member("id", &model.id);
        body.text_member("object", "model");
        body.literal_member("created", &model.created.to_string());
        body.text_member("owned_by", &model.owned_by);
    });
    Ok(reply::json(200, writer.into_bytes()))
}

/// Returns the configured models, and then those that the default provider offers, if it says so in time.
async fn known<H: Host>(shared: &Shared<'_, H>) -> Vec<Model> {
    let model = |(id, owner): (&str, &str)| Model {
        id: id.to_owned(),
        created: 0,
        owned_by: owner.to_owned(),
        display_name: None,
        extra: Vec::new(),
    };
    let mut known: Vec<Model> = shared.routing.names().into_iter().map(model).collect();
    let configured = known.len();
    if let Some(provider) = shared.routing.default_provider()
        && let Some(Models(offered)) = offered(shared, provider).await
    {
        for mut model in offered.into_iter().take(MOST) {
            let earlier = known.get(..configured).unwrap_or_default();
            if earlier.iter().all(|known| known.id != model.id) {
                model.owned_by.clone_from(&provider.name);
                known.push(model);
            }
        }
    }
    known
}

async fn offered<H: Host>(shared: &Shared<'_, H>, provider: &Provider) -> Option<Models> {
    let endpoint = Endpoint::new(provider, &|name| shared.service.variable(name)).ok()?;
    let request = HttpRequest {
        method: Method::Get,
        url: endpoint.url("/models", ""),
        headers: endpoint.headers().to_vec(),
        body: Vec::new(),
        timeout: PATIENCE,
        idle_timeout: PATIENCE,
        total_timeout: PATIENCE,
        stream: false,
        max_response: LARGEST,
    };
    let Head { status, mut body, .. } = shared.host.send(request).await.ok()?;
    if status != 200 {
        return None;
    }
    let mut list = Vec::new();
    while let Some(bytes) = body.read().await.ok()? {
        clawft_types::memory::append(&mut list, &bytes).ok()?;
    }
    Models::read(&list).ok()
}
