//! The user's message, as text or as JSON.

use clawft_types::{Input, Role};

/// An accepted message is not empty, and its text is a part of the input.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Input::parse(text) {
        Ok(input) => {
            let said = input.text().to_owned();
            assert!(!said.trim().is_empty(), "an empty message was accepted");
            assert!(said.len() <= text.len(), "a message grew");
            let message = input.into_message();
            assert_eq!((message.role, message.content), (Role::User, said));
        }
        Err(error) => crate::wording::check(&error.to_string()),
    }
}
