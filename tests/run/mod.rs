//! Whole runs of the built binary, against servers that know what they saw.
//!
//! No test asks how fast the machine is. A run with pauses or arrivals on it may be late by the
//! machine's fault, and loadgen then rightly says 96; [`measured`] accepts that.

/// Makes each function a test per kind of database, so that a failure names the kind: those under
/// `database` take the URL of a new database, those under `server` the `ServerKind` of a database server.
macro_rules! on_each {
    ($(database: $($test:ident),+;)? $(server: $($of_server:ident),+;)?) => {
        $(mod sqlite {
            $(#[test]
            fn $test() {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("db");
                super::$test(&format!("sqlite:{}?mode=rwc", file.display()));
            })+
        })?
        on_each! { @ postgres Postgres $($($test)+)?; $($($of_server)+)? }
        on_each! { @ mariadb MariaDb $($($test)+)?; $($($of_server)+)? }
    };
    (@ $module:ident $kind:ident $($test:ident)*; $($of_server:ident)*) => {
        mod $module {
            $(#[test]
            fn $test() {
                use test_support::servers::{ServerKind, Server};
                super::$test(&Server::shared(ServerKind::$kind).fresh());
            })*
            $(#[test]
            fn $of_server() {
                super::$of_server(test_support::servers::ServerKind::$kind);
            })*
        }
    };
}

mod arrivals;
mod bounds;
mod clients;
mod codes;
mod determinism;
mod draws;
mod elsewhere;
mod ends;
mod events;
mod failures;
mod first_minute;
mod flags;
mod groups;
mod guide;
mod hostile;
mod instances;
mod interrupts;
mod lifecycle;
mod loaded;
mod memory;
mod observe;
mod outputs;
mod programs;
mod proxies;
mod readers;
mod repeated;
mod result;
mod rows;
mod screen;
mod secrets;
mod servers;
mod shapes;
mod shipped;
mod sql;
mod sql_scenarios;
mod suites;
mod terminal;
mod ttfb;
mod verify;
mod warmup;

use serde_json::Value;
use test_support::{
    answer::{Answer, Then},
    loadgen::Finished,
    request::Request,
    stalls::Stalls,
    truth::TruthServer,
};

/// The result of a run that came to its planned end: complete, consistent, and in accordance with
/// the exit code. Only the generator's lateness may stand in the way of 0.
#[track_caller]
fn measured(finished: &Finished) -> Value {
    let result = with_code(finished);
    match finished.code() {
        Some(0) => assert_eq!(result["run"]["valid"], true),
        Some(96) => assert_eq!(result["run"]["valid"], false),
        // The implied threshold of scenarios that have none: nothing succeeded.
        Some(99) => assert_eq!(result["thresholds"][0]["expr"], "error_rate < 100%"),
        _ => panic!(
            "{:?}: {}{}",
            finished.code(),
            finished.stdout,
            finished.stderr
        ),
    }
    result
}

/// The result of any run, complete, consistent, and with the exit code of the process.
#[track_caller]
fn with_code(finished: &Finished) -> Value {
    let result = finished.result();
    result::check(&result);
    assert_eq!(result["run"]["exit_code"], finished.code().unwrap());
    result
}

/// A server that answers so.
fn serving(behaviour: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> TruthServer {
    TruthServer::start(Stalls::none(), behaviour)
}

/// `{}` with this status.
fn status(status: u16) -> Answer {
    Answer::new(status, "{}")
}

/// No response, ever.
fn silence() -> Answer {
    Answer::nothing().then(Then::Hang)
}
