//! The configurations in `docs/providers.md` work, and its table is the one in the code.

use clawft_types::{
    Config,
    config::{self, PRESETS},
    json::{self, Node},
};

const PAGE: &str = include_str!("../../../docs/providers.md");

/// Returns the JSON blocks of a page.
fn blocks(page: &str) -> Vec<&str> {
    let blocks = page.split("```json\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

#[test]
fn every_block_is_a_configuration() {
    let mut named = Vec::new();
    for block in blocks(PAGE) {
        let config = Config::parse("providers.md", block.as_bytes())
            .unwrap_or_else(|error| panic!("{error}: {block}"));
        let tree = json::parse(block.as_bytes()).unwrap();
        assert_eq!(config::warnings(Node::root(&tree), &config), [""; 0], "{block}");
        named.push(config.provider.preset.name);
    }
    for preset in &PRESETS {
        assert!(
            named.contains(&preset.name),
            "`{}` has no configuration",
            preset.name
        );
    }
}

#[test]
fn table_has_every_preset() {
    for preset in &PRESETS {
        let row = PAGE
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", preset.name)));
        let cells: Vec<_> = row
            .unwrap_or_else(|| panic!("no row of `{}`", preset.name))
            .split('|')
            .map(str::trim)
            .collect();
        let code = |text: &str, none: &str| match text {
            "" => none.to_owned(),
            text => format!("`{text}`"),
        };
        assert_eq!(
            cells[2],
            code(preset.api_base, "none: every resource has its own")
        );
        assert_eq!(cells[3], code(preset.api_key_env, "none"));
        let field = if preset.completion_tokens {
            "`max_completion_tokens`"
        } else {
            "`max_tokens`"
        };
        assert_eq!(
            (cells[4], cells[5]),
            (field, preset.timeout_secs.to_string().as_str())
        );
    }
}
