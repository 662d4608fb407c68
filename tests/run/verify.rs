//! Verifications, against servers that know what they kept.

use super::{measured, result::named, serving, status, with_code};
use nix::sys::signal::Signal::SIGINT;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use test_support::{
    answer::{Answer, Then},
    loadgen::Loadgen,
    request::Request,
    servers::{Server, ServerKind},
    truth::TruthServer,
};

on_each! {
    server:
        databases_on_servers_are_asked,
        a_connection_that_was_lost_meanwhile_is_opened_again;
}

/// A store that acknowledges every order but forgets some; it has 500 from before.
fn store(forgets: fn(u64) -> bool) -> TruthServer {
    let (acknowledged, kept) = (AtomicU64::new(0), AtomicU64::new(500));
    serving(move |request: &Request| {
        if request.method == "GET" {
            let kept = kept.load(SeqCst);
            return Answer::new(200, &format!(r#"{{"kept": {{"orders": "{kept}"}}}}"#));
        }
        let number = acknowledged.fetch_add(1, SeqCst) + 1;
        if !forgets(number) {
            kept.fetch_add(1, SeqCst);
        }
        status(201)
    })
}

fn scenario(url: &str, orders: u64) -> String {
    format!(
        r#"
        thresholds = ["error_rate == 0%"]
        [target]
        url = "{url}"
        [load]
        users = 4
        shared_iterations = {orders}
        [[task]]
        name = "create order"
        [[task.step]]
        post = "/work"
        expect = {{ status = 201 }}
        [[verify]]
        name = "every acknowledged order is kept, and nothing else"
        get = "/kept"
        json = "$.kept.orders"
        expect = "ok('create order') <= value - before <= ok('create order') + unknown('create order')"
        "#
    )
}

#[test]
fn what_is_kept_is_what_was_acknowledged() {
    let server = store(|_| false);
    let finished = Loadgen::scenario(&scenario(&server.url(), 3001)).run();
    let result = measured(&finished);
    let verify = &result["verify"][0];
    assert_eq!(verify["before"], 500.0, "{verify}");
    assert_eq!(verify["value"], 3501.0);
    assert_eq!(verify["ok"], true);
    if finished.code() == Some(0) {
        let text = &finished.stdout;
        assert!(text.contains("3001 <= 3001 <= 3001"), "{text}");
        assert!(
            text.contains("1 threshold and 1 verification held"),
            "{text}"
        );
    }
}

#[test]
fn one_lost_write_in_a_thousand_is_found() {
    let server = store(|number| number.is_multiple_of(1000));
    let finished = Loadgen::scenario(&scenario(&server.url(), 3001))
        .args(&[
            "--junit",
            "junit.xml",
            "--html",
            "report.html",
            "--out",
            "out",
        ])
        .run();
    let result = with_code(&finished);
    let verify = named(
        &result["verify"],
        "name",
        "every acknowledged order is kept, and nothing else",
    );
    assert_eq!(verify["ok"], false, "{verify}");
    assert_eq!(verify["value"], 3498.0);
    let numbers = "3001 <= 2998 <= 3001 is not true (ok('create order') 3001, value 3498, \
                   before 500, unknown('create order') 0)";
    assert_eq!(verify["message"], numbers);
    // The load itself is judged apart.
    assert_eq!(result["thresholds"][0]["ok"], true);
    let expected = match result["run"]["valid"] == true {
        true => 99,
        false => 96,
    };
    let finished = finished.expect_code(expected);
    assert!(finished.stdout.contains("1 of 1 verification did not hold"));
    assert!(
        finished.stdout.contains("3001 <= 2998"),
        "{}",
        finished.stdout
    );
    let read = |name: &str| std::fs::read_to_string(finished.path(name)).unwrap();
    assert!(
        read("junit.xml").contains("3001 &lt;= 2998"),
        "{}",
        read("junit.xml")
    );
    assert!(read("report.html").contains("3001 &#60;= 2998"));
    assert!(read("out/summary.md").contains("3001 &lt;= 2998"));
    // The journal tells the same.
    let again = Loadgen::retold(&read("out/intervals.jsonl"));
    let again = again.expect_code(0).result();
    assert_eq!(again["verify"], result["verify"]);
}

#[test]
fn an_interrupt_leaves_time_to_verify() {
    let server = store(|_| false);
    let scenario = scenario(&server.url(), 1_000_000_000);
    let mut running = Loadgen::scenario(&scenario).start();
    running.wait_until("under load", |_| server.requests() > 200);
    running.signal(nix::sys::signal::Signal::SIGINT);
    let finished = running.finish().expect_code(105);
    let result = with_code(&finished);
    assert_eq!(result["verify"][0]["ok"], true, "{}", result["verify"]);
}

/// A request without a response may have been executed: both bounds are needed.
#[test]
fn what_is_unknown_may_have_happened() {
    let server = serving({
        let (seen, kept) = (AtomicU64::new(0), AtomicU64::new(0));
        move |request: &Request| {
            if request.method == "GET" {
                return Answer::new(200, &kept.load(SeqCst).to_string());
            }
            let number = seen.fetch_add(1, SeqCst);
            match number % 4 {
                // Kept, and never told.
                0 => {
                    kept.fetch_add(1, SeqCst);
                    Answer::nothing().then(Then::Close)
                }
                1 => Answer::nothing().then(Then::Close),
                2 => status(500),
                _ => {
                    kept.fetch_add(1, SeqCst);
                    status(201)
                }
            }
        }
    });
    let url = server.url();
    let text = format!(
        r#"
        [target]
        url = "{url}"
        [load]
        users = 1
        iterations = 100
        [[task]]
        name = "t"
        [[task.step]]
        name = "s"
        post = "/work"
        [[verify]]
        get = "/kept"
        expect = "ok('t') < value <= ok('t') + unknown('t/s') and value == 50"
        [[verify]]
        get = "/kept"
        expect = "ok('t') == 25 and failed('t') == 75 and unknown('t') == 50 and count('t/s') == 100"
        "#
    );
    let finished = Loadgen::scenario(&text).run();
    let result = with_code(&finished);
    let verify = &result["verify"];
    assert_eq!(verify[0]["ok"], true, "{verify}");
    assert_eq!(verify[1]["ok"], true, "{verify}");
}

#[test]
fn a_question_without_an_answer_is_told() {
    let server = serving(|request: &Request| match request.path.as_str() {
        "/late" => status(404),
        "/text" => Answer::new(200, "many"),
        _ => status(200),
    });
    let text = |verify: &str| {
        let url = server.url();
        format!(
            "[target]\nurl = '{url}'\n[load]\nusers = 1\niterations = 1\n[[task]]\nname = 't'\n\
             [[task.step]]\nget = '/work'\n{verify}"
        )
    };
    // Nothing could be judged without it, so nothing is begun.
    let verify = "[[verify]]\nname = 'n'\nget = '/late'\nexpect = 'value == before'";
    let finished = Loadgen::scenario(&text(verify)).run().expect_code(98);
    let told = "`n` has no value before the load: status 404";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);

    let verify = "[[verify]]\nname = 'n'\nget = '/late'\nexpect = 'value == 0'\n\
                  [[verify]]\nname = 'm'\nget = '/text'\nexpect = 'value == 0'\nwithin = '600ms'";
    let finished = Loadgen::scenario(&text(verify)).run();
    let result = with_code(&finished.expect_code(99));
    assert_eq!(result["verify"][0]["message"], "status 404");
    assert_eq!(result["verify"][0]["value"], Value::Null);
    assert_eq!(result["verify"][1]["message"], "`many` is no number");
}

/// An answer that comes true in the end is waited for.
#[test]
fn what_comes_true_within_its_time_holds() {
    let asked = AtomicU64::new(0);
    let server = serving(move |request: &Request| match request.path.as_str() {
        "/queue" => Answer::new(
            200,
            &4u64.saturating_sub(asked.fetch_add(1, SeqCst)).to_string(),
        ),
        _ => status(200),
    });
    let url = server.url();
    let text = format!(
        "[target]\nurl = '{url}'\n[load]\nusers = 1\niterations = 1\n[[task]]\nname = 't'\n\
         [[task.step]]\nget = '/work'\n\
         [[verify]]\nget = '/queue'\nexpect = 'value == 0'\nwithin = '1m'"
    );
    let result = measured(&Loadgen::scenario(&text).run());
    assert_eq!(result["verify"][0]["ok"], true, "{}", result["verify"]);
    assert_eq!(result["verify"][0]["before"], 4.0);
}

/// The bundled service and its own database: what was acknowledged against the rows.
#[test]
fn the_rows_of_the_bundled_service_are_those_it_acknowledged() {
    let scenario = |flags: &str| {
        format!(
            r#"
            [target]
            app = "orders"
            flags = [{flags}]
            [load]
            users = 4
            shared_iterations = 401
            [[task]]
            name = "create order"
            [[task.step]]
            post = "/api/order"
            json = {{ customer_id = 1, items = [{{ product_id = 7, quantity = 2, unit_price = 9.99 }}] }}
            expect = {{ status = 201 }}
            [[verify]]
            name = "every acknowledged order is stored, and nothing else"
            sql = "SELECT count(*) FROM orders"
            expect = "ok('create order') <= value - before <= ok('create order') + unknown('create order')"
            [[verify]]
            name = "orders are whole"
            sql = "SELECT count(*) FROM order_items WHERE order_id > $1"
            params = [10000]
            database = "target"
            expect = "value == 401"
            "#
        )
    };
    let result = measured(&Loadgen::scenario(&scenario("")).run());
    for verify in result["verify"].as_array().unwrap() {
        assert_eq!(verify["ok"], true, "{verify}");
    }
    assert_eq!(result["verify"][0]["before"], 10_000.0);
    assert_eq!(result["verify"][0]["value"], 10_401.0);

    let finished = Loadgen::scenario(&scenario(r#""--drop-orders", "100""#)).run();
    let result = with_code(&finished);
    assert_eq!(result["totals"]["errors"]["count"], 0);
    assert_eq!(result["verify"][0]["ok"], false, "{}", result["verify"]);
    assert_eq!(result["verify"][0]["value"], 10_397.0);
    assert_eq!(result["verify"][1]["value"], 397.0);
    assert!(
        matches!(finished.code(), Some(99 | 96)),
        "{}",
        finished.stderr
    );
}

/// Asks databases on servers, through a database of the scenario's own.
fn databases_on_servers_are_asked(kind: ServerKind) {
    let url = Server::shared(kind).fresh();
    let text = format!(
        r#"
        [target]
        app = "orders"
        database = "{url}"
        [database.main]
        url = "{url}"
        [load]
        users = 2
        shared_iterations = 51
        [[task]]
        name = "create order"
        [[task.step]]
        post = "/api/order"
        json = {{ customer_id = 1, items = [{{ product_id = 7, quantity = 2, unit_price = 9.99 }}] }}
        [[verify]]
        sql = "SELECT count(*) FROM orders WHERE order_id > $1"
        params = ["10000"]
        expect = "value - before == ok('create order') and value == 51"
        [[verify]]
        sql = "SELECT sum(total_amount) / count(*) FROM orders WHERE order_id > 10000"
        database = "target"
        expect = "value == 19.98"
        [[verify]]
        sql = "SELECT note FROM orders LIMIT 1"
        expect = "value == 1"
        "#
    );
    let finished = Loadgen::scenario(&text).run();
    let result = with_code(&finished);
    let verify = &result["verify"];
    assert_eq!(verify[0]["ok"], true, "{kind:?}: {verify}");
    assert_eq!(verify[1]["ok"], true, "{kind:?}: {verify}");
    assert_eq!(
        verify[1]["before"],
        Value::Null,
        "there was no row: {verify}"
    );
    let message = verify[2]["message"].as_str().unwrap();
    assert!(message.contains("note"), "{kind:?}: {message}");
    assert_eq!(verify[2]["ok"], false);
}

/// The server was restarted during the load: it has not said anything yet.
fn a_connection_that_was_lost_meanwhile_is_opened_again(kind: ServerKind) {
    let (database, server) = (Server::start(kind, &[]), serving(|_| status(200)));
    let text = format!(
        "target.url = \"{}\"\nload = {{ users = 1, think = \"5ms\" }}\n\
         [database.main]\nurl = \"{}\"\n[[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n\
         [[verify]]\nsql = \"SELECT 2\"\nexpect = \"value == before\"\n\
         [[verify]]\nsql = \"SELECT 3\"\nexpect = \"value == 3\"\n",
        server.url(),
        database.fresh()
    );
    let mut running = Loadgen::scenario(&text).start();
    running.wait_until("under load", |_| server.requests() > 10);
    database.crash();
    database.restart();
    running.signal(SIGINT);
    let result = with_code(&running.finish().expect_code(105));
    for verify in result["verify"].as_array().unwrap() {
        assert_eq!(verify["ok"], true, "{kind:?}: {verify}");
    }
}
