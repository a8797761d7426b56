//! Results as words of the canonical ABI. All of the interface's types are aligned to four bytes, so that a result is
//! a sequence of words in the order of its parts, and a case of a variant leaves the words at the end unused.

use std::sync::{Mutex, PoisonError};

use clawft_types::{ToolCall, Usage};
use clawft_wasm::pulled::{End, Failure, Finish, Kind, Output};

/// The number of words of the largest result, an event that ends a turn.
const WORDS: usize = 20;

/// The last result, which the host reads after the function has returned.
static RETURNED: Mutex<Words> = Mutex::new(Words {
    words: Vec::new(),
    texts: Vec::new(),
    list: Vec::new(),
});

/// A result, and the texts that it points to.
pub(super) struct Words {
    words: Vec<usize>,
    texts: Vec<String>,
    list: Vec<usize>,
}

impl Words {
    pub(super) fn new() -> Self {
        Self {
            words: Vec::with_capacity(WORDS),
            texts: Vec::new(),
            list: Vec::new(),
        }
    }

    /// Keeps the result until the next one and returns its address.
    pub(super) fn publish(self) -> *const usize {
        let address = self.words.as_ptr();
        *RETURNED.lock().unwrap_or_else(PoisonError::into_inner) = self;
        address
    }

    pub(super) fn number(&mut self, number: usize) {
        self.words.push(number);
    }

    pub(super) fn text(&mut self, text: String) {
        self.number(text.as_ptr() as usize);
        self.number(text.len());
        self.texts.push(text);
    }

    pub(super) fn option_text(&mut self, text: Option<String>) {
        self.number(text.is_some().into());
        self.text(text.unwrap_or_default());
    }

    pub(super) fn texts(&mut self, texts: Vec<String>) {
        for text in &texts {
            self.list.extend([text.as_ptr() as usize, text.len()]);
        }
        self.number(self.list.as_ptr() as usize);
        self.number(texts.len());
        self.texts = texts;
    }

    pub(super) fn failure(&mut self, failure: Failure) {
        let (case, delay) = match failure.kind {
            Kind::Unavailable => (0, None),
            Kind::Key => (1, None),
            Kind::Timeout => (2, None),
            Kind::RateLimit(delay) => (3, delay),
            Kind::Provider => (4, None),
            Kind::Configuration => (5, None),
            Kind::Storage => (6, None),
            Kind::Invalid => (7, None),
        };
        self.number(case);
        self.text(failure.message);
        // Read for a limited rate alone.
        self.number(delay.is_some().into());
        self.number(delay.map_or(0, |delay| delay.as_millis().try_into().unwrap_or(usize::MAX)));
    }

    pub(super) fn event(&mut self, output: Output) {
        let (case, text) = match output {
            Output::Text(text) => (0, text),
            Output::Reasoning(text) => (1, text),
            Output::Call(ToolCall {
                id,
                name,
                arguments,
                extra: _,
            }) => {
                self.number(2);
                self.text(id);
                self.text(name);
                return self.text(arguments);
            }
            Output::Notice(text) => (3, text),
            Output::Warning(text) => (4, text),
            Output::End(end) => return self.end(*end),
        };
        self.number(case);
        self.text(text);
    }

    fn end(&mut self, end: End) {
        self.number(5);
        self.text(end.text);
        self.number(finish(end.finish));
        self.option_text(end.finish_reason);
        self.number(end.usage.is_some().into());
        let Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens,
            cached_tokens,
            reasoning_tokens,
        } = end.usage.unwrap_or_default();
        for tokens in [
            prompt_tokens,
            completion_tokens,
            total_tokens,
            cached_tokens,
            reasoning_tokens,
        ] {
            self.number(tokens.try_into().unwrap_or(usize::MAX));
        }
        self.text(end.session);
        self.number(end.stored.into());
        self.option_text(end.incomplete);
    }
}

fn finish(finish: Finish) -> usize {
    use clawft_types::Finish as By;
    match finish {
        Finish::By(By::Complete) => 0,
        Finish::By(By::Truncated) => 1,
        Finish::By(By::Filtered) => 2,
        Finish::By(By::Refused) => 3,
        Finish::By(By::Paused) => 4,
        Finish::By(By::Unknown) => 5,
        Finish::By(By::Stopped) => 6,
        Finish::Cancelled => 7,
    }
}
