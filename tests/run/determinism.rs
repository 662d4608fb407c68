//! Tests that one seed makes one sequence of requests, as the server saw them.

use super::measured;
use std::{collections::BTreeMap, time::Duration};
use test_support::{loadgen::Loadgen, truth::TruthServer};

/// Three tasks with values of every kind; one request each, which holds the values.
const TASKS: &str = r#"
[data]
low = { uniform = { from = 1, to = 1000000 } }
bell = { normal = { mean = 100, stddev = 15 } }
hot = { zipf = { from = 1, to = 10000, exponent = 1.1 } }
place = { weighted = { "Port Tiffanyhaven" = 40, "Gabrielside" = 10 } }
order = { sequence = {} }
batch = { uniform = { from = 1, to = 1000000 }, scope = "run" }

[[task]]
name = "read"
weight = 5
[[task.step]]
get = "/work/{{low}}/{{hot}}"
query = { batch = "{{batch}}", place = "{{place}}" }

[[task]]
name = "write"
weight = 3
[[task.step]]
post = "/work"
json = { bell = "{{bell}}", order = "{{order}}", place = "{{place}}" }

[[task]]
name = "form"
weight = 2
[[task.step]]
put = "/work"
headers = { x-low = "{{low}}" }
form = { place = "{{place}}" }
"#;

/// A request without what is the run's own.
type Sent = (String, String, Option<String>, String);

/// Requests of a run as its server saw them, connection by connection and in order.
fn seen(load: &str, data: &str, args: &[&str]) -> Vec<(u64, Sent)> {
    let server = TruthServer::steady(Duration::ZERO);
    let text = format!(
        "target.url = \"{}\"\nload = {{ {load} }}\n{data}",
        server.url()
    );
    measured(&Loadgen::scenario(&text).args(args).run());
    let log = server.stop();
    assert_eq!(log.problems, [""; 0]);
    let mut requests: Vec<_> = log
        .served
        .into_iter()
        .map(|served| served.request)
        .collect();
    requests.sort_by_key(|request| request.number);
    let sent = |request: &test_support::request::Request| {
        let low = request.header("x-low").map(str::to_owned);
        (
            request.method.clone(),
            request.path.clone(),
            low,
            request.text().to_owned(),
        )
    };
    requests
        .iter()
        .map(|request| (request.connection, sent(request)))
        .collect()
}

fn without_connections(requests: Vec<(u64, Sent)>) -> Vec<Sent> {
    requests.into_iter().map(|(_, sent)| sent).collect()
}

#[test]
fn one_user_does_the_same_again() {
    let load = "users = 1, duration = \"500ms\"";
    let run = |seed| without_connections(seen(load, TASKS, &["--seed", seed]));
    let (first, second, other) = (run("42"), run("42"), run("43"));
    let common = first.len().min(second.len()).min(other.len());
    assert!(common >= 20, "{common} requests");
    assert_eq!(first[..common], second[..common]);
    assert_ne!(first[..common], other[..common]);
    // All three tasks were chosen, and `batch` is one value for the whole run.
    for method in ["GET", "POST", "PUT"] {
        assert!(first.iter().any(|(sent, ..)| sent == method), "{method}");
    }
}

#[test]
fn arrivals_are_the_same_whatever_the_number_of_workers() {
    for arrivals in ["constant", "poisson"] {
        let load = format!("rate = 200, duration = \"1s\", arrivals = \"{arrivals}\"");
        let run = |seed, workers| {
            let args = ["--seed", seed, "--workers", workers];
            let mut sent = without_connections(seen(&load, TASKS, &args));
            sent.sort();
            sent
        };
        let (one, two, other) = (run("7", "1"), run("7", "2"), run("8", "2"));
        assert_eq!(one, two);
        assert_ne!(one, other);
        assert!(one.len() > 100, "{arrivals}: {}", one.len());
    }
}

#[test]
fn users_are_the_same_whatever_the_number_of_workers() {
    // The path tells whose request it is: users have a connection of their own.
    let data = r#"
[data]
who = { uniform = { from = 1, to = 1000000000000 }, scope = "user" }
what = { uniform = { from = 1, to = 1000000 } }
[[task]]
name = "one"
[[task.step]]
get = "/work/{{who}}/{{what}}"
[[task]]
name = "two"
[[task.step]]
delete = "/work/{{who}}/{{what}}"
"#;
    let run = |workers: &str| {
        let load = "users = 4, duration = \"500ms\"";
        let mut users: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
        let mut connections: BTreeMap<u64, String> = BTreeMap::new();
        for (connection, sent) in seen(load, data, &["--seed", "5", "--workers", workers]) {
            let who = sent.1.split('/').nth(2).unwrap().to_owned();
            let known = connections.entry(connection).or_insert_with(|| who.clone());
            assert_eq!(*known, who, "a connection is one user's");
            users.entry(who).or_default().push(sent);
        }
        users
    };
    let (one, two) = (run("1"), run("2"));
    assert_eq!(one.len(), 4);
    assert!(one.keys().eq(two.keys()));
    for (who, of_one) in &one {
        let of_two = &two[who];
        let common = of_one.len().min(of_two.len());
        assert!(common > 0);
        assert_eq!(of_one[..common], of_two[..common], "user {who}");
    }
}

/// A seed that nobody gave is told, and gives the same run again.
#[test]
fn a_run_can_be_repeated_by_the_seed_in_its_result() {
    let run = |args: &[&str]| {
        let server = TruthServer::steady(Duration::ZERO);
        let text = format!(
            "target.url = \"{}\"\nload = {{ rate = 100, duration = \"500ms\" }}\n{TASKS}",
            server.url()
        );
        let result = measured(&Loadgen::scenario(&text).args(args).run());
        let mut paths: Vec<String> = server
            .stop()
            .served
            .into_iter()
            .map(|it| it.request.path)
            .collect();
        paths.sort();
        (result["scenario"]["seed"].to_string(), paths)
    };
    let (seed, paths) = run(&[]);
    assert_eq!(run(&["--seed", &seed]), (seed, paths.clone()));
    assert_ne!(run(&[]).1, paths);
}
