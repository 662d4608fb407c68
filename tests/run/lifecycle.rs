//! Setup, teardown and what users do when they begin, as a server saw it.

use super::{
    measured,
    result::{count, named},
    serving, with_code,
};
use nix::sys::signal::Signal::SIGINT;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
};
use test_support::{
    answer::Answer, loadgen::Loadgen, request::Request, truth::Log, truth::TruthServer,
};

const SHOP: &str = r#"
name = "shop"
[load]
users = 3
iterations = 2
[data]
title = { sequence = { from = 7 } }
[[setup.step]]
post = "/work/shops"
json = { title = "{{title}}" }
expect = { status = 201 }
extract = { shop = "$.id" }
[[setup.step]]
post = "/work/shops/{{shop}}/open"
repeat = 2
[[user_start.step]]
post = "/work/login"
extract = { token = "$.token" }
[[task]]
name = "look"
[[task.step]]
name = "item"
get = "/work/shops/{{shop}}/item"
headers = { x-token = "{{token}}" }
[[teardown.step]]
delete = "/work/shops/{{shop}}"
"#;

/// A shop that has the id 42, and gives each login a token of its own; `fails` are refused.
fn shop(fails: impl Fn(&Request) -> bool + Send + Sync + 'static) -> TruthServer {
    let tokens = AtomicU64::new(0);
    serving(move |request| {
        if fails(request) {
            return Answer::new(503, "{}");
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/work/shops") => Answer::new(201, r#"{"id": 42}"#),
            ("POST", "/work/login") => {
                let token = tokens.fetch_add(1, Ordering::Relaxed);
                Answer::new(200, &format!(r#"{{"token": "t{token}"}}"#))
            }
            _ => Answer::new(200, "{}"),
        }
    })
}

/// Requests in order.
fn asked(log: &Log) -> Vec<String> {
    let served = log.served.iter().map(|served| &served.request);
    served
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

fn run(server: &TruthServer) -> Loadgen {
    Loadgen::scenario(SHOP).args(&["--target", &server.url(), "--workers", "2"])
}

#[test]
fn a_run_is_set_up_before_its_load_and_torn_down_after_it() {
    let server = shop(|_| false);
    let finished = run(&server).run();
    let result = measured(&finished);
    let log = server.stop();
    let asked = asked(&log);
    let open = "POST /work/shops/42/open";
    assert_eq!(asked[..3], ["POST /work/shops", open, open]);
    assert_eq!(log.served[0].request.text(), r#"{"title":7}"#);
    assert_eq!(asked.last().unwrap(), "DELETE /work/shops/42");
    let load = &log.served[3..log.served.len() - 1];
    assert_eq!(load.len(), 3 + 6);
    // Each user has a token of its own, and each of its requests brings it.
    let mut tokens: Vec<&str> = load
        .iter()
        .filter_map(|served| served.request.header("x-token"))
        .collect();
    tokens.sort_unstable();
    assert_eq!(tokens, ["t0", "t0", "t1", "t1", "t2", "t2"]);

    // Only what the users did is measured.
    assert_eq!(count(&result, "totals.count"), 9);
    let ids: Vec<&str> = result["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["shop/look/item", "shop/user_start/POST /work/login"]);
    let start = named(&result["tasks"], "id", "shop/user_start");
    assert_eq!(count(start, "count"), 3);
}

#[test]
fn a_setup_that_fails_is_told_and_there_is_no_load() {
    let server = shop(|request| request.path.ends_with("/open"));
    let finished = run(&server).run().expect_code(98);
    let told = "error: the setup failed: POST /work/shops/{{shop}}/open: status 503";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    assert!(!finished.files().contains(&"result.json".to_owned()));
    let expected = ["POST /work/shops", "POST /work/shops/42/open"];
    assert_eq!(asked(&server.stop()), expected);
}

#[test]
fn of_several_populations_those_that_were_set_up_are_torn_down() {
    let population = |name: &str| {
        format!(
            "[[population]]\nname = \"{name}\"\nload = {{ users = 1, iterations = 1 }}\n\
             setup = {{ step = [{{ post = \"/work/{name}\" }}] }}\n\
             teardown = {{ step = [{{ delete = \"/work/{name}\" }}] }}\n\
             task = [{{ name = \"look\", step = [{{ get = \"/work\" }}] }}]\n"
        )
    };
    let server = shop(|request| request.method == "POST" && request.path.ends_with('b'));
    let text = ["a", "b", "c"].map(population).concat();
    let run = Loadgen::scenario(&text).args(&["--target", &server.url()]);
    let finished = run.run().expect_code(98);
    let told = "the setup of b failed: POST /work/b: status 503";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    assert_eq!(
        asked(&server.stop()),
        ["POST /work/a", "POST /work/b", "DELETE /work/a"]
    );
}

#[test]
fn a_teardown_that_fails_is_told_beside_what_was_measured() {
    let server = shop(|request| request.method == "DELETE");
    let finished = run(&server).run().expect_code(98);
    let result = with_code(&finished);
    let told = "the teardown failed: DELETE /work/shops/{{shop}}: status 503";
    let why = format!(
        ", expected any status below 400 (DELETE {}/work/shops/42): `{{}}`",
        server.url()
    );
    assert_eq!(result["run"]["failures"][0], told.to_owned() + &why);
    assert_eq!(count(&result, "totals.count"), 9);
    assert!(finished.stdout.contains(told), "{}", finished.stdout);
}

#[test]
fn a_run_is_torn_down_after_an_interrupt_and_after_a_threshold_ended_it() {
    let unbounded = SHOP.replace("iterations = 2\n", "");
    let server = shop(|_| false);
    let mut running = Loadgen::scenario(&unbounded)
        .args(&["--target", &server.url()])
        .start();
    running.wait_until("under load", |_| server.requests() >= 20);
    running.signal(SIGINT);
    with_code(&running.finish().expect_code(105));
    assert_eq!(
        asked(&server.stop()).last().unwrap(),
        "DELETE /work/shops/42"
    );

    let server = shop(|_| false);
    let aborted = format!("thresholds = [{{ expr = \"count < 10\", abort = true }}]\n{unbounded}");
    let run = Loadgen::scenario(&aborted).args(&["--target", &server.url()]);
    with_code(&run.run().expect_code(99));
    assert_eq!(
        asked(&server.stop()).last().unwrap(),
        "DELETE /work/shops/42"
    );
}

#[test]
fn a_user_that_is_refused_tries_again_in_the_place_of_a_run() {
    // The first four logins are refused.
    let refused = AtomicU64::new(0);
    let server = shop(move |request| {
        request.path == "/work/login" && refused.fetch_add(1, Ordering::Relaxed) < 4
    });
    let text = SHOP.replace("iterations = 2", "iterations = 5\nthink = \"1ms\"");
    let finished = Loadgen::scenario(&text)
        .args(&["--target", &server.url()])
        .run();
    let result = measured(&finished);
    let start = named(&result["tasks"], "id", "shop/user_start");
    assert_eq!(
        (count(start, "count"), count(start, "errors.count")),
        (7, 4)
    );
    let look = named(&result["tasks"], "id", "shop/look");
    assert_eq!(count(look, "count"), 3 * 5 - 4);
}

/// The table that the load needs is made by the setup, and so is what a later statement of it needs.
#[tokio::test]
async fn a_database_is_set_up_before_statements_are_prepared_for_the_load() {
    let text = r#"
[database.main]
url = "sqlite:set-up.db?mode=rwc"
[load]
users = 2
iterations = 5
[data]
id = { sequence = {} }
[[setup.step]]
sql = "CREATE TABLE item (id INTEGER, kind TEXT)"
[[setup.step]]
sql = "INSERT INTO item VALUES (-1, 'seed')"
repeat = 3
[[task]]
name = "insert"
[[task.step]]
sql = "INSERT INTO item VALUES ($1, 'load')"
params = ["{{id}}"]
[[teardown.step]]
sql = "DELETE FROM item WHERE kind = 'seed' AND rowid > 1"
"#;
    let finished = Loadgen::scenario(text).run();
    let result = measured(&finished);
    assert_eq!(count(&result, "totals.count"), 10);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(finished.path("set-up.db"));
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT kind, count(*) FROM item GROUP BY kind ORDER BY kind")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(rows, [("load".to_owned(), 10), ("seed".to_owned(), 1)]);
}

/// Nobody who has not logged in gets in; every login gives a token of its own.
fn guarded() -> TruthServer {
    let tokens = AtomicU64::new(0);
    serving(move |request| {
        let token = request.header("authorization");
        if request.path == "/work/login" {
            assert_eq!(token, None);
            let token = tokens.fetch_add(1, Ordering::Relaxed);
            return Answer::new(200, &format!(r#"{{"token": "t{token}"}}"#));
        }
        match token {
            Some(token) if token.starts_with("Bearer t") => Answer::new(200, "{}"),
            _ => Answer::new(401, "{}"),
        }
    })
}

#[test]
fn a_login_fills_the_header_of_every_request_after_it() {
    for (who, logins, extra) in [("setup", 1, 2), ("user_start", 4, 0)] {
        let server = guarded();
        let mut text = format!(
            r#"
            [target]
            url = "{}"
            [http]
            headers = {{ authorization = "Bearer {{{{token}}}}" }}
            [load]
            users = 4
            iterations = 5
            [[{who}.step]]
            post = "/work/login"
            extract = {{ token = "$.token" }}
            [[task]]
            name = "look"
            [[task.step]]
            get = "/work/account"
            "#,
            server.url()
        );
        if who == "setup" {
            text += "[[setup.step]]\nput = \"/work/ready\"\n[[teardown.step]]\npost = \"/work/logout\"\n";
        }
        let finished = Loadgen::scenario(&text).args(&["--workers", "2"]).run();
        let result = measured(&finished);
        assert_eq!(count(&result, "totals.errors.count"), 0);
        let log = server.stop();
        assert_eq!(log.served.len() as u64, logins + 20 + extra);
        let served = log.served.iter();
        let tokens = served.filter_map(|served| served.request.header("authorization"));
        let tokens: BTreeSet<&str> = tokens.collect();
        assert_eq!(tokens.len() as u64, logins, "{who}");
    }
}
