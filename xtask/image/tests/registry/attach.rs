//! Documents and signatures that are attached to an image.

use image::{
    Digest,
    calls::{Attachment, Call, Repository},
};

use crate::{
    context::{Context, REPOSITORY},
    habits::answer,
    server::{Habits, Odd, Registry},
};

const KIND: &str = "application/vnd.cyclonedx+json";

/// An image index in a registry.
struct Pushed {
    registry: Registry,
    context: Context,
    index: Digest,
}

impl Pushed {
    fn new(habits: Habits) -> Self {
        let registry = Registry::start(habits);
        let context = Context::new();
        let outcome = context.pushes(&registry);
        let (_, digest) = outcome.stdout.trim_end().split_once('@').unwrap();
        Self {
            index: digest.parse().unwrap(),
            registry,
            context,
        }
    }

    fn repository(&self) -> Repository {
        Repository {
            image: format!("{}/{REPOSITORY}", self.registry.host).parse().unwrap(),
            insecure: false,
        }
    }

    fn attach(&self, subject: &Digest, texts: &[&str]) -> Result<Vec<Digest>, Vec<String>> {
        let attachments = texts.iter().map(|text| Attachment {
            media_type: KIND.to_owned(),
            text: (*text).to_owned(),
            annotations: [("org.example.text".to_owned(), (*text).to_owned())].into(),
        });
        let call = Call::Attach {
            repository: self.repository(),
            subject: *subject,
            attachments: attachments.collect(),
        };
        answer(&self.context, &call)
    }

    fn sign(&self, signature: &str) -> Result<Digest, Vec<String>> {
        let call = Call::Sign {
            repository: self.repository(),
            subject: self.index,
            payload: "payload".to_owned(),
            signature: signature.to_owned(),
        };
        answer(&self.context, &call)
    }

    fn tag(&self, suffix: &str) -> String {
        format!("sha256-{}{suffix}", self.index.hex())
    }
}

#[test]
fn lists_documents_under_the_fallback_tag() {
    let pushed = Pushed::new(Habits::default());
    let first = pushed.attach(&pushed.index, &["one", "two"]).unwrap();
    let index = pushed.registry.tagged(REPOSITORY, &pushed.tag("")).unwrap();
    let listed = index["manifests"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{index}");
    for (entry, (digest, text)) in listed.iter().zip(first.iter().zip(["one", "two"])) {
        assert_eq!(entry["digest"], digest.to_string());
        assert_eq!(entry["artifactType"], KIND);
        assert_eq!(entry["annotations"]["org.example.text"], text);
        let manifest = pushed.registry.manifest(REPOSITORY, &digest.to_string());
        assert_eq!(manifest["subject"]["digest"], pushed.index.to_string());
        assert_eq!(
            manifest["subject"]["mediaType"],
            "application/vnd.oci.image.index.v1+json"
        );
        assert_eq!(manifest["artifactType"], KIND);
        assert_eq!(
            manifest["layers"][0]["digest"],
            Digest::of(text.as_bytes()).to_string()
        );
    }
}

#[test]
fn keeps_earlier_documents_and_sends_none_again() {
    let pushed = Pushed::new(Habits::default());
    let first = pushed.attach(&pushed.index, &["one"]).unwrap();
    let blobs = pushed.registry.blobs();
    assert_eq!(pushed.attach(&pushed.index, &["one"]).unwrap(), first);
    assert_eq!(pushed.registry.blobs(), blobs);
    let second = pushed.attach(&pushed.index, &["two"]).unwrap();
    let index = pushed.registry.tagged(REPOSITORY, &pushed.tag("")).unwrap();
    let listed = index["manifests"].as_array().unwrap();
    let listed: Vec<&str> = listed
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap())
        .collect();
    assert_eq!(listed, [first[0].to_string(), second[0].to_string()]);
}

#[test]
fn needs_no_tag_where_referrers_are_listed() {
    let pushed = Pushed::new(Habits {
        referrers: true,
        ..Habits::default()
    });
    let tags = pushed.registry.tags();
    assert_eq!(pushed.attach(&pushed.index, &["one"]).unwrap().len(), 1);
    assert_eq!(pushed.registry.tags(), tags);
}

#[test]
fn sends_documents_that_registry_seems_to_have() {
    let pushed = Pushed::new(Habits {
        odd: vec![Odd::Head(200)],
        ..Habits::default()
    });
    assert_eq!(pushed.attach(&pushed.index, &["one"]).unwrap().len(), 1);
}

#[test]
fn refuses_subject_that_is_not_there() {
    let pushed = Pushed::new(Habits::default());
    let error = pushed.attach(&Digest::of(b"nothing"), &["one"]).unwrap_err();
    assert!(error[0].contains("could not look at"), "{error:?}");
    assert_eq!(pushed.registry.tags(), 1);
}

#[test]
fn stores_signature_where_cosign_looks() {
    let pushed = Pushed::new(Habits::default());
    let signed = pushed.sign("c2lnbmF0dXJl").unwrap();
    let manifest = pushed.registry.tagged(REPOSITORY, &pushed.tag(".sig")).unwrap();
    assert_eq!(
        manifest,
        pushed.registry.manifest(REPOSITORY, &signed.to_string())
    );
    let layer = &manifest["layers"][0];
    assert_eq!(layer["digest"], Digest::of(b"payload").to_string());
    assert_eq!(
        layer["mediaType"],
        "application/vnd.dev.cosign.simplesigning.v1+json"
    );
    assert_eq!(
        layer["annotations"]["dev.cosignproject.cosign/signature"],
        "c2lnbmF0dXJl"
    );
}

#[test]
fn keeps_tags_that_cannot_change() {
    let pushed = Pushed::new(Habits {
        immutable: true,
        ..Habits::default()
    });
    let signed = pushed.sign("c2lnbmF0dXJl").unwrap();
    assert_eq!(pushed.sign("c2lnbmF0dXJl").unwrap(), signed);
    let error = pushed.sign("YW5vdGhlcg==").unwrap_err().join(": ");
    assert!(
        error.contains("cannot be overwritten") && error.contains("exempt them"),
        "{error}"
    );
    let manifest = pushed.registry.tagged(REPOSITORY, &pushed.tag(".sig")).unwrap();
    assert_eq!(
        manifest,
        pushed.registry.manifest(REPOSITORY, &signed.to_string())
    );
}

#[test]
fn advises_where_only_images_are_taken() {
    let pushed = Pushed::new(Habits {
        known_media: true,
        ..Habits::default()
    });
    let error = pushed.attach(&pushed.index, &["one"]).unwrap_err().join(": ");
    for part in [
        "415 Unsupported Media Type",
        "application/vnd.oci.empty.v1+json",
        "stores any OCI artifact",
    ] {
        assert!(error.contains(part), "{error}");
    }
}
