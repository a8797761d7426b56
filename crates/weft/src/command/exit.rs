//! Exit codes. An invalid command line exits with 2, in clap.

use std::process::ExitCode;

use clawft_core::TurnError;
use weft_agent::{Answer, Error, Fault};

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Success.
    Success = 0,
    /// Failure.
    Failure = 1,
    /// The answer broke off.
    Incomplete = 3,
    /// The API key is missing or was refused.
    Key = 4,
    /// The answer could not be stored.
    Unstored = 5,
    /// The answer ended for another reason than that it was complete, or has no text.
    Curtailed = 6,
    /// Ended by SIGHUP: 128 and the signal's number, as in shells.
    #[cfg_attr(not(unix), expect(dead_code, reason = "other systems do not have the signal"))]
    HungUp = 129,
    /// Interrupted by Ctrl-C.
    Interrupted = 130,
    /// Ended by SIGTERM.
    #[cfg_attr(not(unix), expect(dead_code, reason = "other systems do not have the signal"))]
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Exit {
        match &error.fault {
            Fault::Stopped => Exit::Interrupted,
            Fault::NoConfig { named: false, .. } => Exit::Key,
            Fault::Turn(
                TurnError::MissingKey { .. } | TurnError::UnusableKey { .. } | TurnError::InvalidKey { .. },
            ) => Exit::Key,
            _ => Exit::Failure,
        }
    }
}

impl Exit {
    /// Returns the exit code of a turn that ended with an answer. `stopped` tells whether Ctrl-C was pressed.
    pub(crate) fn of(answer: &Answer, stopped: bool) -> Exit {
        match answer {
            Answer {
                incomplete: Some(_), ..
            } if stopped => Exit::Interrupted,
            Answer {
                unstored: Some(_), ..
            } => Exit::Unstored,
            Answer {
                incomplete: Some(_), ..
            } => Exit::Incomplete,
            Answer { curtailed: true, .. } => Exit::Curtailed,
            _ => Exit::Success,
        }
    }
}

#[cfg(test)]
mod tests {
    use clawft_core::{KeySource, Target, TransportError};

    use super::*;

    #[test]
    fn errors_map_to_exit_codes() {
        let refused = TurnError::InvalidKey {
            target: Target::default(),
            source: KeySource::None,
            status: 401,
            message: String::new(),
        };
        let unavailable = TurnError::Transport {
            target: Target::default(),
            error: TransportError::Unavailable(String::new()),
        };
        for (fault, exit) in [
            (Fault::Stopped, Exit::Interrupted),
            (refused.into(), Exit::Key),
            (unavailable.into(), Exit::Failure),
            (Fault::Other(String::new()), Exit::Failure),
        ] {
            assert_eq!(Exit::from(&Error::from(fault)), exit);
        }
    }

    #[test]
    fn answers_map_to_exit_codes() {
        // Complete answers succeed even if they were to be stopped.
        for (incomplete, curtailed, unstored, stopped, exit) in [
            (false, false, false, false, Exit::Success),
            (false, false, false, true, Exit::Success),
            (true, false, false, false, Exit::Incomplete),
            (true, false, false, true, Exit::Interrupted),
            (false, false, true, false, Exit::Unstored),
            (false, false, true, true, Exit::Unstored),
            (true, false, true, false, Exit::Unstored),
            (true, false, true, true, Exit::Interrupted),
            (false, true, false, false, Exit::Curtailed),
            (false, true, false, true, Exit::Curtailed),
            (false, true, true, false, Exit::Unstored),
        ] {
            let cause = |is: bool| is.then(|| "cause".to_owned());
            let answer = Answer {
                text: "text".to_owned(),
                incomplete: cause(incomplete),
                curtailed,
                unstored: cause(unstored),
                ..Answer::default()
            };
            assert_eq!(
                Exit::of(&answer, stopped),
                exit,
                "{incomplete} {curtailed} {unstored} {stopped}"
            );
        }
    }
}
