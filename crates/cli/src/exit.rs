//! How `fsr-docker` ends: one table, for the help, the documents and the code.

use std::process::ExitCode;

use engine::ErrorKind;
use operations::{Comes, Error, Kind, Operation};
use serde_json::Value;

/// The table, as `--help` shows it; docs/errors.md has the same.
pub(crate) const TABLE: &str = "\
Exit codes:
  0    the call succeeded
  1    the call failed for any reason that has no code of its own, or its result could not be written
  2    usage error: an argument, a parameter or the configuration is wrong, and nothing was sent
  124  a time limit passed, as for timeout(1); what had come until then is printed
  130  Ctrl-C interrupted the call
  Only exec_container and run_container end with another code: the one that their command ended with.
A closed pipe on standard output ends the program quietly, by SIGPIPE.";

/// The call failed.
pub(crate) const FAILURE: u8 = 1;
/// The call was asked for wrongly.
pub(crate) const USAGE: u8 = 2;
/// A time limit passed.
pub(crate) const TIMED_OUT: u8 = 124;
/// Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// The code for an error.
pub(crate) fn of_error(error: &Error) -> ExitCode {
    ExitCode::from(match error.kind() {
        Kind::InvalidParameters | Kind::InvalidConfiguration | Kind::UnknownOperation => USAGE,
        Kind::Engine(ErrorKind::Interrupted) => INTERRUPTED,
        _ if error.is_time_out() => TIMED_OUT,
        _ => FAILURE,
    })
}

/// The code for a result: that of the command where the operation ran one, else whether it came in time.
pub(crate) fn of_result(operation: &Operation, result: &Value) -> ExitCode {
    let of_command = result["exit_code"].as_i64().filter(|_| operation.comes == Some(Comes::Command));
    match of_command {
        Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(FAILURE)),
        None if result["timed_out"] == true => ExitCode::from(TIMED_OUT),
        None => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn f48_only_a_command_passes_its_code_on() {
        let of = |operation, result: Value| of_result(operations::find(operation).unwrap(), &result);
        for operation in ["exec_container", "run_container"] {
            for (code, expected) in [(0, 0), (1, 1), (137, 137), (255, 255), (256, 1), (-1, 1)] {
                assert_eq!(of(operation, json!({"exit_code": code})), ExitCode::from(expected), "{code}");
            }
            assert_eq!(of(operation, json!({"exit_code": null, "timed_out": true})), ExitCode::from(124));
            assert_eq!(of(operation, json!({"exit_code": 3, "timed_out": true})), ExitCode::from(3));
        }
        for operation in operations::operations() {
            if !["exec_container", "run_container"].contains(&operation.name) {
                assert_eq!(of(operation.name, json!({"exit_code": 137})), ExitCode::SUCCESS);
                assert_eq!(of(operation.name, json!({"timed_out": true})), ExitCode::from(124));
            }
        }
    }

    #[test]
    fn f48_an_error_has_the_code_of_its_kind() {
        for (kind, code) in [
            (Kind::InvalidParameters, 2),
            (Kind::InvalidConfiguration, 2),
            (Kind::UnknownOperation, 2),
            (Kind::Blocked, 1),
            (Kind::Failed, 1),
            (Kind::Engine(ErrorKind::NotFound), 1),
            (Kind::Engine(ErrorKind::UnknownOutcome), 1),
            (Kind::Engine(ErrorKind::TimedOut), 124),
            (Kind::Engine(ErrorKind::Interrupted), 130),
        ] {
            assert_eq!(of_error(&Error::new(kind, "")), ExitCode::from(code), "{kind:?}");
        }
    }
}
