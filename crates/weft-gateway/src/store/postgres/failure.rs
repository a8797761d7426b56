//! Errors of the database: which of them mean that it is out of reach, and messages without contents.

use std::{error::Error as _, io};

use clawft_store::{FsError, FsFault};
use tokio_postgres::error::SqlState;
use weft_agent::{Error, Fault};

/// An error of a statement.
#[derive(Debug)]
pub(super) struct Failure {
    /// Cause, without contents of rows.
    pub(super) cause: String,
    /// Whether the database is out of reach, so that a later attempt may succeed.
    pub(super) is_temporary: bool,
    /// Whether the turn is stored already.
    pub(super) is_repetition: bool,
    is_full: bool,
}

/// The name of the constraint that keeps a turn from being stored twice.
const ONCE: &str = "weft_turns_once";

impl Failure {
    /// Returns the failure of a database that did not answer.
    pub(super) fn temporary(cause: impl Into<String>) -> Failure {
        Failure {
            cause: cause.into(),
            is_temporary: true,
            is_repetition: false,
            is_full: false,
        }
    }

    /// Returns the failure of a database that cannot be used as it is.
    pub(super) fn permanent(cause: impl Into<String>) -> Failure {
        Failure {
            is_temporary: false,
            ..Failure::temporary(cause)
        }
    }

    /// Returns the error for the user, about the database at `address`.
    pub(super) fn at(self, address: &str) -> Error {
        let place = format!("Postgres at {address}");
        if self.is_full {
            let operation = "write";
            let fault = FsFault::Full;
            return Fault::File(FsError {
                operation,
                path: place,
                fault,
            })
            .into();
        }
        let message = format!("the store, {place}: {}", self.cause);
        match self.is_temporary {
            true => Fault::StoreUnavailable(message).into(),
            false => Error::other(message),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        let Some(database) = error.as_db_error() else {
            return Failure {
                is_temporary: is_network(&error),
                ..Failure::temporary(chain(&error))
            };
        };
        // Not `Display`, because details may quote rows.
        let cause = format!("{}: {}", database.severity(), database.message());
        let code = database.code();
        Failure {
            is_temporary: is_temporary(code),
            is_repetition: database.constraint() == Some(ONCE),
            is_full: *code == SqlState::DISK_FULL,
            ..Failure::temporary(cause)
        }
    }
}

/// Returns whether a connection failed or was closed, rather than refused for what it is.
fn is_network(error: &tokio_postgres::Error) -> bool {
    if error.is_closed() {
        return true;
    }
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    match cause {
        // A certificate that is not trusted, or an invalid name of a host.
        Some(cause) => !matches!(
            cause.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        ),
        None => error.to_string().starts_with("timeout"),
    }
}

/// Returns whether the database is about to start or to end, has no connection left, or accepts no writes
/// after it has changed places with another.
fn is_temporary(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(code)
}

/// Returns the messages of an error and its causes.
fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.contains("TLS") || text.contains("certificate") {
        text.push_str(
            " (name the certificate's authority with `sslrootcert` or `SSL_CERT_FILE`; on a trusted network \
             `sslmode=disable` does without TLS)",
        );
    }
    text
}
