//! Session files that a crash, a disk or a curious user may have changed.

use clawft_types::Session;

/// A readable session is the same after writing and reading it again.
pub fn check(bytes: &[u8]) {
    match Session::parse(bytes) {
        Ok(session) => {
            let written = session.to_json();
            let again = Session::parse(&written).expect("what was written can be read");
            assert_eq!(again, session, "a session changed by being stored");
            assert_eq!(again.to_json(), written, "a session has two forms");
        }
        Err(error) => crate::wording::check(&error.to_string()),
    }
}
