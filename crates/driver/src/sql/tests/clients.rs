//! The databases' own client programs: psql, mariadb and sqlite3.

use super::{Server, ServerKind};
use loadgen_plan::sql::{Backend, Database};
use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

/// Runs a script, and returns the fields of each row that it gives. No field may have a tab, a bar
/// or the end of a line in it.
pub fn run(database: &Database, script: String) -> Vec<Vec<String>> {
    let mut client = program(database);
    let mut running = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the client is installed");
    let mut input = running.stdin.take().expect("it has one");
    let sent = thread::spawn(move || input.write_all(script.as_bytes()));
    let done = running.wait_with_output().expect("it is our child");
    let problem = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{client:?}: {problem}");
    sent.join().expect("no panic").expect("it reads all");
    let output = String::from_utf8(done.stdout).expect("it writes UTF-8");
    let fields = |line: &str| line.split(['|', '\t']).map(str::to_owned).collect();
    output.lines().map(fields).collect()
}

/// The client of the database, which reads statements from its standard input.
fn program(database: &Database) -> Command {
    let url = database.url.expose();
    let name = url.rsplit('/').next().expect("a URL has a path");
    match database.backend {
        Backend::Postgres => {
            let mut client = Server::shared(ServerKind::Postgres).client(name);
            client.args(["-A", "-t"]).env("PGCLIENTENCODING", "UTF8");
            // As in loadgen's sessions.
            client.env("PGTZ", "UTC").env("PGDATESTYLE", "ISO, MDY");
            client
        }
        Backend::MySql => {
            let mut client = Server::shared(ServerKind::MariaDb).client(name);
            client.args(["--batch", "--skip-column-names", "--binary-mode"]);
            client.arg("--default-character-set=utf8mb4");
            client
        }
        Backend::Sqlite => {
            let file = url.trim_start_matches("sqlite:");
            let mut client = Command::new("sqlite3");
            client.args(["-batch", "-bail"]);
            client.arg(file.split('?').next().unwrap_or(file));
            client
        }
    }
}
