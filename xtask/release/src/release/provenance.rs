//! The provenance of an image or a component, as a statement of in-toto with the predicate SLSA provenance 1.0: from
//! which commit, with which settings and tools, and by whom it was built.
//!
//! Nothing in it depends on the time of the run. In a workflow of GitHub the builder and the run are named.

use std::env;

use anyhow::{Context as _, Result};
use image::{Digest, calls::Attachment};
use serde_json::{Value, json};

use super::metadata::{self, Build};

/// The type of the predicate.
pub(super) const PREDICATE: &str = "https://slsa.dev/provenance/v1";

/// The media type of statements.
const MEDIA_TYPE: &str = "application/vnd.in-toto+json";

/// The origin of everything in a release.
#[derive(Debug)]
pub(super) struct Origin<'o> {
    /// Address of the repository.
    pub(super) source: &'o str,
    /// The full commit.
    pub(super) commit: &'o str,
    /// The toolchain.
    pub(super) toolchain: metadata::Toolchain,
    /// The builder.
    pub(super) builder: Builder,
}

/// The builder, as in the predicate of SLSA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Builder {
    /// The address of the workflow; `None` outside of a workflow.
    workflow: Option<String>,
    /// The address of the run.
    run: Option<String>,
}

impl Builder {
    /// Reads the variables of a workflow.
    pub(super) fn of_environment() -> Self {
        Self::of(&|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn of(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let server = variable("GITHUB_SERVER_URL");
        let workflow = server.clone().zip(variable("GITHUB_WORKFLOW_REF"));
        let run = || {
            let (repository, id) = (variable("GITHUB_REPOSITORY")?, variable("GITHUB_RUN_ID")?);
            let attempt = variable("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".to_owned());
            Some(format!(
                "{}/{repository}/actions/runs/{id}/attempts/{attempt}",
                server.as_ref()?
            ))
        };
        Self {
            workflow: workflow.map(|(server, workflow)| format!("{server}/{workflow}")),
            run: run(),
        }
    }
}

impl Origin<'_> {
    /// Returns the provenance of `name` with this digest, which has the programs of `builds`.
    ///
    /// # Errors
    /// Fails if it cannot be written.
    pub(super) fn attachment(&self, name: &str, digest: &Digest, builds: &[&Build]) -> Result<Attachment> {
        let text = serde_json::to_string_pretty(&self.statement(name, digest, builds));
        Ok(Attachment {
            media_type: MEDIA_TYPE.to_owned(),
            text: format!("{}\n", text.context("could not write a provenance")?),
            annotations: [("in-toto.io/predicate-type".to_owned(), PREDICATE.to_owned())].into(),
        })
    }

    fn statement(&self, name: &str, digest: &Digest, builds: &[&Build]) -> Value {
        let Self {
            source,
            commit,
            toolchain,
            builder,
        } = self;
        let own = || format!("{source}/blob/{commit}/docs/release.md");
        let mut run = json!({ "builder": { "id": builder.workflow.clone().unwrap_or_else(own) } });
        if let Some(id) = &builder.run {
            run["metadata"] = json!({ "invocationId": id });
        }
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": name, "digest": { "sha256": digest.hex() } }],
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": {
                    "buildType": format!("{source}/blob/{commit}/docs/release.md"),
                    "externalParameters": { "source": source, "commit": commit, "programs": builds },
                    "internalParameters": { "toolchain": toolchain },
                    "resolvedDependencies": [{
                        "uri": format!("git+{source}@{commit}"),
                        "digest": { "gitCommit": commit },
                    }],
                },
                "runDetails": run,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(builder: Builder) -> Value {
        let origin = Origin {
            source: "https://example.org/app",
            commit: "c0ffee",
            toolchain: metadata::Toolchain::default(),
            builder,
        };
        let attachment = origin
            .attachment("registry/app", &Digest::of(b"app"), &[])
            .unwrap();
        assert_eq!(attachment.annotations["in-toto.io/predicate-type"], PREDICATE);
        serde_json::from_str(&attachment.text).unwrap()
    }

    #[test]
    fn names_subject_commit_and_builder() {
        let statement = statement(Builder::default());
        assert_eq!(
            statement["subject"][0]["digest"]["sha256"],
            Digest::of(b"app").hex()
        );
        let predicate = &statement["predicate"];
        let source = &predicate["buildDefinition"]["resolvedDependencies"][0];
        assert_eq!(source["digest"]["gitCommit"], "c0ffee");
        assert_eq!(source["uri"], "git+https://example.org/app@c0ffee");
        let builder = &predicate["runDetails"]["builder"]["id"];
        assert_eq!(builder, "https://example.org/app/blob/c0ffee/docs/release.md");
        assert!(predicate["runDetails"]["metadata"].is_null());
    }

    #[test]
    fn names_workflow_and_run() {
        let variables = |name: &str| {
            let value = match name {
                "GITHUB_SERVER_URL" => "https://example.org",
                "GITHUB_WORKFLOW_REF" => "a/b/.github/workflows/release.yml@refs/tags/v1",
                "GITHUB_REPOSITORY" => "a/b",
                "GITHUB_RUN_ID" => "7",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let run = &statement(Builder::of(&variables))["predicate"]["runDetails"];
        assert_eq!(
            run["builder"]["id"],
            "https://example.org/a/b/.github/workflows/release.yml@refs/tags/v1"
        );
        assert_eq!(
            run["metadata"]["invocationId"],
            "https://example.org/a/b/actions/runs/7/attempts/1"
        );
    }
}
