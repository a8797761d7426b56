//! Properties of registries: each test is a push to a registry with one of them.

use std::{collections::BTreeSet, fs};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{
    Digest,
    calls::{Answer, Call, Component, Published, Tagged},
};
use serde::de::DeserializeOwned;

use crate::{
    context::{Context, REPOSITORY, run},
    server::{Auth, Habits, Odd, PASSWORD, Registry, USERNAME},
};

/// Pushes to a registry with these habits, with a login to it.
fn pushes(habits: Habits) -> (Registry, String) {
    let registry = Registry::start(habits);
    let context = Context::new();
    context.log_in(&registry.host);
    let outcome = context.pushes(&registry);
    (registry, outcome.stderr)
}

/// Fails to push to a registry with these habits, with a login to it.
fn fails(habits: Habits, words: &[&str]) -> Registry {
    let registry = Registry::start(habits);
    let context = Context::new();
    context.log_in(&registry.host);
    context.fails(&registry, words);
    registry
}

/// Returns a limit that these write requests meet.
fn limit(requests: impl IntoIterator<Item = usize>, status: u16) -> Habits {
    Habits {
        limit: Some((BTreeSet::from_iter(requests), status)),
        ..Habits::default()
    }
}

#[test]
fn pushes_to_a_registry_without_habits() {
    let registry = Registry::start(Habits::default());
    let context = Context::new();
    let outcome = context.pushes(&registry);
    assert!(
        outcome
            .stdout
            .starts_with(&format!("{}/{REPOSITORY}@sha256:", registry.host))
    );
    let blobs = registry.blobs();
    let second = context.pushes(&registry);
    assert_eq!(registry.blobs(), blobs);
    assert!(
        second.stderr.contains("(0 of 2 blobs had to be sent)"),
        "{}",
        second.stderr
    );
}

#[test]
fn needs_no_location_of_a_manifest() {
    pushes(Habits {
        no_location: true,
        no_digest: true,
        ..Habits::default()
    });
}

#[test]
fn needs_no_patch_of_blobs() {
    for status in [404, 405, 501] {
        pushes(Habits {
            no_patch: Some(status),
            ..Habits::default()
        });
    }
}

#[test]
fn sends_parts_where_one_request_is_too_large() {
    let (registry, _) = pushes(Habits {
        largest_body: Some(200_000),
        ..Habits::default()
    });
    let log = registry.log();
    assert!(
        log.iter()
            .any(|line| line.starts_with("PATCH") && line.contains(" 202 131072")),
        "{log:#?}"
    );
    pushes(Habits {
        largest_body: Some(200_000),
        smallest_part: Some(150_000),
        ..Habits::default()
    });
    for status in [400, 404, 405, 415, 422, 501] {
        pushes(Habits {
            no_put: Some(status),
            relative: true,
            ..Habits::default()
        });
    }
}

#[test]
fn shows_why_no_kind_of_upload_is_accepted() {
    for status in [400, 404, 405, 422] {
        let registry = fails(
            Habits {
                no_put: Some(status),
                no_patch: Some(400),
                ..Habits::default()
            },
            &["only chunked uploads are supported"],
        );
        let uploads = registry
            .log()
            .iter()
            .filter(|line| line.starts_with("PATCH"))
            .count();
        assert!(uploads <= 4, "{:#?}", registry.log());
    }
}

#[test]
fn reports_body_that_is_too_large_anyway() {
    let habits = Habits {
        largest_body: Some(200_000),
        no_patch: Some(405),
        ..Habits::default()
    };
    fails(
        habits,
        &["answered 413 Payload Too Large", "raise the limit of the proxy"],
    );
}

#[test]
fn tries_again_when_told_to_slow_down() {
    for status in [429, 502, 503, 504] {
        let (_, stderr) = pushes(limit([3, 4], status));
        assert_eq!(stderr.matches("Waiting").count(), 2, "{stderr}");
        assert!(stderr.contains("slow down"), "{stderr}");
    }
}

#[test]
fn gives_up_when_told_to_wait_forever() {
    let registry = fails(
        limit(1..1000, 429),
        &["429 Too Many Requests: slow down", "run the command again later"],
    );
    assert_eq!(
        registry
            .log()
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count(),
        6
    );
}

#[test]
fn tries_again_when_the_connection_breaks() {
    for request in [1, 2, 3, 6] {
        pushes(Habits {
            reset: Some(request),
            ..Habits::default()
        });
    }
}

#[test]
fn tries_again_after_a_page_of_a_proxy() {
    let (_, stderr) = pushes(Habits {
        html502: Some(3),
        ..Habits::default()
    });
    assert!(
        stderr.contains("502 Bad Gateway") && !stderr.contains("<h1>"),
        "{stderr}"
    );
}

#[test]
fn fetches_new_tokens_when_they_run_out() {
    let auth = Auth::Bearer;
    for uses in [1, 2, 5] {
        let (registry, _) = pushes(Habits {
            auth,
            uses_of_token: Some(uses),
            ..Habits::default()
        });
        let tokens = registry
            .log()
            .iter()
            .filter(|line| line.contains("/token"))
            .count();
        assert!(tokens > 20 / uses, "{tokens} tokens were fetched");
    }
    // One that is said to have run out is not sent.
    let lifetime_of_token = Some(0);
    let (registry, _) = pushes(Habits {
        auth,
        uses_of_token: Some(1),
        lifetime_of_token,
        ..Habits::default()
    });
    assert_eq!(
        registry
            .log()
            .iter()
            .filter(|line| line.contains(" 401 "))
            .count(),
        1,
        "{:#?}",
        registry.log()
    );
    fails(
        Habits {
            auth,
            uses_of_token: Some(0),
            ..Habits::default()
        },
        &["authentication required"],
    );
}

#[test]
fn answers_one_challenge_of_two() {
    for auth in [Auth::Basic, Auth::Bearer, Auth::Both] {
        pushes(Habits {
            auth,
            ..Habits::default()
        });
    }
}

#[test]
fn asks_token_servers_of_every_kind() {
    pushes(Habits {
        auth: Auth::Bearer,
        access_token: true,
        realm_query: true,
        ..Habits::default()
    });
}

#[test]
fn follows_locations_of_every_kind() {
    pushes(Habits {
        relative: true,
        state: true,
        ..Habits::default()
    });
    pushes(Habits {
        state: true,
        largest_body: Some(200_000),
        ..Habits::default()
    });
}

#[test]
fn reads_blobs_from_another_server_without_the_login() {
    pushes(Habits {
        auth: Auth::Basic,
        redirect: true,
        ..Habits::default()
    });
}

#[test]
fn takes_403_of_a_blob_as_absence() {
    pushes(Habits {
        head403: true,
        ..Habits::default()
    });
}

#[test]
fn takes_tag_that_stands_for_digest_already() {
    let registry = Registry::start(Habits {
        immutable: true,
        ..Habits::default()
    });
    let context = Context::new();
    context.pushes(&registry);
    context.pushes(&registry);
    fs::write(context.path("programs/weft-linux-amd64"), {
        let mut other = fs::read(context.path("programs/weft-linux-amd64")).unwrap();
        other.push(0);
        other
    })
    .unwrap();
    run(context.push(&registry)).failed(&[
        "The image tag 't1' cannot be overwritten",
        "name another with `--tag`",
    ]);
}

#[test]
fn asks_for_missing_repository_before_building_anything() {
    let registry = Registry::start(Habits {
        no_name: true,
        ..Habits::default()
    });
    let context = Context::new();
    let outcome = context.fails(
        &registry,
        &[
            "404 Not Found",
            "does not exist in the registry",
            "create `acme/clawft` first",
        ],
    );
    assert!(!outcome.stderr.contains("Made"), "{}", outcome.stderr);
}

/// Returns a registry with a login that gives its responses in these forms.
fn odd(auth: Auth, odd: &[Odd]) -> Habits {
    Habits {
        auth,
        odd: odd.to_vec(),
        ..Habits::default()
    }
}

#[test]
fn takes_responses_in_any_form() {
    for form in [
        Odd::Http10,
        Odd::CapitalHeaders,
        Odd::NamedUpload,
        Odd::Stored(200),
        Odd::Stored(202),
        Odd::Stored(204),
        Odd::RedirectedUploads,
        Odd::Redirected(301),
        Odd::Redirected(302),
        Odd::Redirected(308),
        Odd::Head(400),
        Odd::Head(405),
        Odd::Head(501),
        Odd::Head(200),
        Odd::OtherName,
        Odd::CutErrors,
        Odd::ChunkedErrors,
        Odd::ErrorsWithoutMessage,
        Odd::LateTags(1),
    ] {
        pushes(odd(Auth::Bearer, &[form]));
    }
}

#[test]
fn gives_up_where_redirects_have_no_end() {
    fails(
        odd(Auth::Open, &[Odd::RedirectedForEver]),
        &["from one address to another, without an end"],
    );
}

#[test]
fn shows_no_login_that_a_registry_repeats() {
    for auth in [Auth::Basic, Auth::Bearer] {
        let registry = Registry::start(odd(auth, &[Odd::Echo(403)]));
        let context = Context::new();
        context.log_in(&registry.host);
        let outcome = context.fails(&registry, &["no rights for", "…"]);
        let login = STANDARD.encode(format!("{USERNAME}:{PASSWORD}"));
        assert!(!outcome.stderr.contains(&login), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("token-"), "{}", outcome.stderr);
    }
}

#[test]
fn sends_blob_again_after_a_conflict() {
    // A chunk or a blob meets the upload of another client.
    pushes(limit([3], 409));
    pushes(Habits {
        no_put: Some(405),
        ..limit([4, 9], 409)
    });
}

#[test]
fn takes_blob_that_another_client_has_sent() {
    let (registry, _) = pushes(Habits {
        odd: vec![Odd::StoredWith(409)],
        ..Habits::default()
    });
    let log = registry.log();
    let uploads = log
        .iter()
        .filter(|line| line.starts_with("PUT") && line.contains("/uploads/"));
    assert_eq!(uploads.count(), registry.blobs(), "{log:#?}");
}

#[test]
fn answers_challenges_in_any_form() {
    for form in [
        Odd::BareRefusals,
        Odd::OneChallengeHeader,
        Odd::Greeting(403),
        Odd::Greeting(404),
    ] {
        for auth in [Auth::Basic, Auth::Bearer, Auth::Both] {
            pushes(odd(auth, &[form]));
        }
    }
    for form in [Odd::RelativeRealm, Odd::TextInToken] {
        pushes(odd(Auth::Bearer, &[form]));
    }
    let together = [
        Odd::Http10,
        Odd::CapitalHeaders,
        Odd::OneChallengeHeader,
        Odd::Stored(202),
        Odd::Head(406),
        Odd::LateTags(2),
    ];
    pushes(odd(Auth::Both, &together));
}

#[test]
fn logs_in_with_password_without_a_token() {
    for status in [200, 400, 404] {
        pushes(odd(Auth::Both, &[Odd::TokenServer(status)]));
    }
    fails(
        odd(Auth::Bearer, &[Odd::TokenServer(404)]),
        &["the token server of `", "` answered 404 Not Found"],
    );
}

#[test]
fn shows_a_refusal_in_plain_http() {
    let outcome = Context::new().fails(
        &Registry::start(odd(Auth::Open, &[Odd::Greeting(400)])),
        &["answered 400 Bad Request"],
    );
    assert!(!outcome.stderr.contains("TLS"), "{}", outcome.stderr);
}

#[test]
fn asks_for_the_permission_that_a_challenge_names() {
    for scope in [
        "container:acme:*",
        "repository:acme/clawft:*",
        "repository:acme/clawft:pull,push,create",
        "repository(image):acme/clawft:push",
    ] {
        pushes(Habits {
            auth: Auth::Bearer,
            scope: Some(scope),
            ..Habits::default()
        });
    }
}

#[test]
fn sends_parts_after_any_answer_about_the_size() {
    for forms in [vec![Odd::UnreadBody(200_000)], vec![Odd::NoNextLocation]] {
        pushes(Habits {
            largest_body: Some(200_000),
            odd: forms,
            ..Habits::default()
        });
    }
}

#[test]
fn waits_until_a_date() {
    let mut habits = limit([3], 429);
    habits.odd = vec![Odd::WaitUntil];
    let (_, stderr) = pushes(habits);
    assert!(stderr.contains("Waiting") && stderr.contains("0.0 s"), "{stderr}");
}

#[test]
fn names_a_registry_that_cannot_be_reached() {
    let context = Context::new();
    let mut nowhere = Registry::start(Habits::default());
    nowhere.host = "127.0.0.1:1".to_owned();
    run(context.push(&nowhere)).failed(&["could not reach `127.0.0.1:1`", "refused"]);
}

/// Has the program answer `call`.
pub(crate) fn answer<T: DeserializeOwned>(context: &Context, call: &Call) -> Answer<T> {
    let mut command = context.command();
    let file = context.write("call.json", &serde_json::to_string(call).unwrap());
    command.arg("call").arg(file);
    let outcome = run(command);
    assert!(outcome.succeeded, "{outcome:#?}");
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// Publishes a component to a registry with these habits, as a release does.
fn publish(habits: Habits) -> Answer<Published> {
    let registry = Registry::start(habits);
    let context = Context::new();
    context.log_in(&registry.host);
    let component = context.path("component.wasm");
    fs::write(&component, wasm_encoder::Component::new().finish()).unwrap();
    let layout = context.path("component");
    let revision = "c0ffee".to_owned();
    let create = Call::CreateComponent {
        layout: layout.clone(),
        component,
        revision,
        time: 1,
    };
    let made: Component = answer(&context, &create).unwrap();
    let image = format!("{}/{REPOSITORY}-component", registry.host)
        .parse()
        .unwrap();
    let target = Tagged {
        image,
        tag: "v1".parse().unwrap(),
        insecure: false,
    };
    let find = Call::Find(target.clone());
    assert_eq!(answer::<Option<Digest>>(&context, &find)?, None);
    let publish = Call::PublishComponent {
        layout,
        manifest: made.manifest,
        target,
    };
    let published: Answer<Published> = answer(&context, &publish);
    if published.is_ok() {
        assert_eq!(answer::<Option<Digest>>(&context, &find)?, Some(made.manifest));
        assert!(!answer::<Published>(&context, &publish)?.new);
    }
    published
}

#[test]
fn publishes_component_where_no_package_exists_yet() {
    assert!(
        publish(Habits {
            denied_new: true,
            ..Habits::default()
        })
        .unwrap()
        .new
    );
    let auth = Auth::Bearer;
    assert!(
        publish(Habits {
            auth,
            denied_new: true,
            no_location: true,
            ..Habits::default()
        })
        .unwrap()
        .new
    );
}

#[test]
fn advises_where_registry_takes_only_images() {
    pushes(Habits {
        known_media: true,
        ..Habits::default()
    });
    let causes = publish(Habits {
        known_media: true,
        ..Habits::default()
    })
    .unwrap_err()
    .join(": ");
    for part in [
        "415 Unsupported Media Type: the media type",
        "application/vnd.wasm.config.v0+json",
        "stores any OCI artifact",
    ] {
        assert!(causes.contains(part), "{causes}");
    }
}
