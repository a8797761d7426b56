//! The reasons to refuse a release: a pure function of the facts, which finds all of them at once.

use anyhow::{Result, bail};

use super::{
    changelog,
    facts::Facts,
    request::{Request, VERSION, git_tag},
};

/// The number of files that a message names.
const NAMED: usize = 5;

/// Fails if the facts do not allow a release, with each reason on its own line.
pub(super) fn refuse(facts: &Facts, request: &Request) -> Result<()> {
    let found = refusals(facts, request);
    if !found.is_empty() {
        bail!("{VERSION} cannot be released\n{}", found.join("\n"));
    }
    Ok(())
}

fn refusals(facts: &Facts, request: &Request) -> Vec<String> {
    let found = [
        checkout(facts),
        changelog_entry(facts),
        tag(facts),
        tagger(facts, request),
        registry(facts),
    ];
    found
        .into_iter()
        .flatten()
        .chain(facts.archives.wrong.iter().cloned())
        .collect()
}

fn checkout(facts: &Facts) -> Option<String> {
    if facts.commit.is_none() {
        return Some(
            "a release needs a git commit, and these sources are not in one: use a clone".to_owned(),
        );
    }
    let changed = &facts.changed;
    let named: Vec<String> = changed
        .iter()
        .take(NAMED)
        .map(|path| format!("`{path}`"))
        .collect();
    let more = match changed.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!changed.is_empty()).then(|| {
        format!(
            "the checkout differs from its commit in {}{more}: commit or stash the changes",
            named.join(", ")
        )
    })
}

fn changelog_entry(facts: &Facts) -> Option<String> {
    match changelog::section(&facts.changelog, VERSION) {
        None => Some(format!(
            "CHANGELOG.md has no section for {VERSION}: add one with the heading `## [{VERSION}] - DATE`"
        )),
        Some(text) if text.is_empty() => Some(format!(
            "the section for {VERSION} in CHANGELOG.md is empty: describe the changes"
        )),
        Some(_) => None,
    }
}

fn tag(facts: &Facts) -> Option<String> {
    let tagged = facts.tagged.as_ref().filter(|_| !facts.is_tagged())?;
    Some(format!(
        "the tag `{}` names {tagged}, which is not checked out: check it out, or raise the version in Cargo.toml",
        git_tag()
    ))
}

fn tagger(facts: &Facts, request: &Request) -> Option<String> {
    let makes_tag = facts.tagged.is_none() && !request.dry_run;
    (makes_tag && !facts.tagger).then(|| {
        "git does not know the author of the tag: set `git config user.name` and `git config user.email`"
            .to_owned()
    })
}

/// Returns an error of the registry. An existing version is compared later, once its digest is known.
fn registry(facts: &Facts) -> Option<String> {
    let error = facts.registry.as_ref()?.as_ref().err()?;
    Some(format!("cannot push: {error:#}"))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::{super::archives::Archives, *};

    fn facts() -> Facts {
        Facts {
            commit: Some("c0ffee".to_owned()),
            changed: Vec::new(),
            tagged: None,
            tagger: true,
            changelog: format!("## [{VERSION}] - 2026-01-31\n\n- All.\n"),
            archives: Archives::default(),
            registry: None,
        }
    }

    fn refuse(facts: &Facts) -> Result<()> {
        super::refuse(
            facts,
            &Request {
                checks: true,
                artifacts: None,
                push: None,
                dry_run: false,
            },
        )
    }

    #[test]
    fn accepts_clean_commit_with_its_own_tag() {
        refuse(&facts()).unwrap();
        refuse(&Facts {
            tagged: Some("c0ffee".to_owned()),
            registry: Some(Ok(None)),
            ..facts()
        })
        .unwrap();
    }

    #[test]
    fn reports_all_reasons_at_once() {
        let changed = (0..7).map(|index| format!("src/{index}.rs")).collect();
        let wrong = vec!["`x.tar.gz` is damaged".to_owned()];
        let error = refuse(&Facts {
            changed,
            tagged: Some("beef".to_owned()),
            changelog: "## Unreleased\n".to_owned(),
            archives: Archives {
                wrong,
                ..Archives::default()
            },
            registry: Some(Err(anyhow!("could not reach `ghcr.io`: refused"))),
            ..facts()
        });
        let error = error.unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines.len(), 6, "{error}");
        assert!(
            lines[1].contains("`src/0.rs`") && lines[1].contains(" and 2 more: commit or"),
            "{error}"
        );
        assert!(lines[2].contains("no section for"), "{error}");
        assert!(lines[3].contains("names beef"), "{error}");
        assert!(lines[4].contains("could not reach `ghcr.io`"), "{error}");
        assert_eq!(lines[5], "`x.tar.gz` is damaged");
    }

    #[test]
    fn needs_author_for_new_tag_only() {
        let facts = Facts {
            tagger: false,
            ..facts()
        };
        assert!(
            refuse(&facts)
                .unwrap_err()
                .to_string()
                .contains("git does not know the author")
        );
        let dry_run = Request {
            checks: true,
            artifacts: None,
            push: None,
            dry_run: true,
        };
        super::refuse(&facts, &dry_run).unwrap();
        refuse(&Facts {
            tagged: Some("c0ffee".to_owned()),
            ..facts
        })
        .unwrap();
    }

    #[test]
    fn refuses_sources_without_git_once() {
        let error = refuse(&Facts {
            commit: None,
            ..facts()
        })
        .unwrap_err()
        .to_string();
        assert_eq!(error.lines().count(), 2, "{error}");
    }

    #[test]
    fn refuses_empty_changelog_section() {
        let error = refuse(&Facts {
            changelog: format!("## {VERSION}\n\n## 0.0.1\n"),
            ..facts()
        });
        assert!(error.unwrap_err().to_string().contains("is empty"));
    }
}
