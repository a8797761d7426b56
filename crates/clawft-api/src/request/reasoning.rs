//! The amount of reasoning.

use alloc::string::String;

/// The amount of reasoning before an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`.
    pub effort: Option<String>,
    /// The maximum number of tokens.
    pub budget: Option<u64>,
    /// Whether Anthropic's adaptive thinking is on.
    pub adaptive: bool,
}

impl Reasoning {
    /// Returns the effort; that of the budget if there is none.
    pub fn as_effort(&self) -> Option<&str> {
        let of_budget = |budget| match budget {
            0 => "none",
            1..4096 => "low",
            4096..16384 => "medium",
            _ => "high",
        };
        self.effort.as_deref().or(self.budget.map(of_budget))
    }

    /// Returns the budget; that of the effort if there is none. 0 means no reasoning.
    pub fn as_budget(&self) -> Option<u64> {
        let of_effort = |effort| match effort {
            "none" => 0,
            "minimal" => 1024,
            "low" => 2048,
            "high" => 16384,
            "xhigh" | "max" => 32768,
            _ => 8192,
        };
        self.budget.or(self.effort.as_deref().map(of_effort))
    }
}
