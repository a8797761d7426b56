//! The clients.

use toolchain::{Node, Python};

/// A client, and the script with its uses in `xtask/acceptance/clients/`.
#[derive(Debug)]
pub(super) struct Client {
    /// Name of the case.
    pub(super) case: &'static str,
    /// Name on the page.
    pub(super) title: &'static str,
    /// Name of the package in its registry.
    pub(super) package: &'static str,
    pub(super) script: &'static str,
    pub(super) runtime: Runtime,
}

/// The interpreter of a client, and the environment with its packages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Runtime {
    Python(Python),
    Node(Node),
}

/// All clients, in the order of the page. The quickest of each kind are first: CI tries only those for each change.
pub(super) const CLIENTS: [Client; 10] = [
    python(
        "clients::openai_python",
        "openai (Python)",
        "openai",
        "use_openai.py",
    ),
    python(
        "clients::anthropic_python",
        "anthropic (Python)",
        "anthropic",
        "use_anthropic.py",
    ),
    node(
        "clients::openai_node",
        "openai (Node.js)",
        "openai",
        "use_openai.mjs",
        Node::Clients,
    ),
    node(
        "clients::vercel_ai",
        "Vercel `ai` with `@ai-sdk/openai-compatible` and `@ai-sdk/openai`",
        "ai",
        "use_vercel_ai.mjs",
        Node::Clients,
    ),
    python(
        "clients::langchain",
        "langchain-openai",
        "langchain-openai",
        "use_langchain.py",
    ),
    python("clients::litellm", "litellm", "litellm", "use_litellm.py"),
    python(
        "clients::instructor",
        "instructor",
        "instructor",
        "use_instructor.py",
    ),
    python(
        "clients::pydantic_ai",
        "pydantic-ai",
        "pydantic-ai-slim",
        "use_pydantic_ai.py",
    ),
    python("clients::llm", "`llm`", "llm", "use_llm.py"),
    node(
        "clients::codex",
        "Codex",
        "@openai/codex",
        "use_codex.mjs",
        Node::Codex,
    ),
];

const fn python(
    case: &'static str,
    title: &'static str,
    package: &'static str,
    script: &'static str,
) -> Client {
    Client {
        case,
        title,
        package,
        script,
        runtime: Runtime::Python(Python::Clients),
    }
}

const fn node(
    case: &'static str,
    title: &'static str,
    package: &'static str,
    script: &'static str,
    packages: Node,
) -> Client {
    Client {
        case,
        title,
        package,
        script,
        runtime: Runtime::Node(packages),
    }
}
