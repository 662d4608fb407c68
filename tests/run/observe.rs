//! Observations, against pages and servers that are known.

use super::{measured, serving, status, with_code};
use serde_json::Value;
use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};
use test_support::{
    answer::{Answer, Then},
    loadgen::Loadgen,
    request::Request,
    servers::{Server, ServerKind},
};

on_each! {
    server:
        the_bundled_service_and_its_database_are_observed;
}

fn series<'a>(result: &'a Value, source: &str, metric: &str) -> &'a Value {
    let all = result["observed"][source]["series"].as_array().unwrap();
    let found = all.iter().find(|series| series["metric"] == metric);
    found.unwrap_or_else(|| panic!("no {metric} of {source} among {all:?}"))
}

#[test]
fn a_page_of_metrics_is_sampled_each_second() {
    let (requests, pages) = (AtomicU64::new(0), AtomicU64::new(0));
    let server = serving(move |request: &Request| {
        if request.path != "/metrics" {
            requests.fetch_add(1, SeqCst);
            return status(200);
        }
        let (page, all) = (pages.fetch_add(1, SeqCst), requests.load(SeqCst));
        let text = format!(
            "# TYPE seen counter\nseen_total{{path=\"/work\"}} {all}\nseen_total{{path=\"/x\"}} 5\n\
             # TYPE pool gauge\npool{{of=\"a\"}} {page}\npool{{of=\"b\"}} 10\n\
             # TYPE other gauge\nother 1\n"
        );
        Answer::new(200, &text)
    });
    let url = server.url();
    let text = format!(
        "thresholds = ['observe.app.pool max < 10', 'observe.app.pool max < 1000', \
         'observe.host.cpu max <= 100%', 'observe.app.polo max < 3', 'p95 < 1m']\n\
         [target]\nurl = '{url}'\n[load]\nusers = 1\nduration = '4s'\nthink = '2ms'\n\
         [[task]]\nname = 't'\n[[task.step]]\nget = '/work'\n\
         [[observe]]\nprometheus = '/metrics'\nmetrics = ['seen*', 'pool']\n\
         [[observe]]\nname = 'each'\nprometheus = '{url}/metrics'\nmetrics = 'pool'\nby = 'of'\n\
         [[observe]]\nhost = true\n"
    );
    let finished = Loadgen::scenario(&text).args(&["--out", "out"]).run();
    let result = with_code(&finished);
    let pool = series(&result, "app", "pool");
    let points = pool["points"].as_array().unwrap();
    // Before the load, in each of its seconds as far as the machine gets to it, and after it.
    assert!((2..=6).contains(&points.len()), "{pool}");
    assert_eq!(points[0][0], 0.0);
    for (point, next) in points.iter().zip(&points[1..]) {
        assert!(next[0].as_f64() > point[0].as_f64() && next[1].as_f64() > point[1].as_f64());
    }
    assert!(pool["max"].as_f64().unwrap() > 10.0, "{pool}");
    assert_eq!(pool["max"], pool["last"]);
    // All that the load made it count, to the last request.
    let seen = series(&result, "app", "seen_total");
    let (delta, sent) = (
        seen["delta"].as_f64().unwrap(),
        result["totals"]["count"].as_f64().unwrap(),
    );
    // A machine that is too slow for a look has missed some.
    let missed = result["observed"]["app"]["failures"] != 0;
    assert!(delta == sent || missed && delta < sent, "{delta} of {sent}");
    assert_eq!(seen["unit"], "/s");
    assert_eq!(series(&result, "each", "pool{of=\"b\"}")["mean"], 10.0);
    assert_eq!(
        result["observed"]["app"]["series"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert!(series(&result, "host", "memory")["mean"].as_f64().unwrap() > 0.0);
    let thresholds = result["thresholds"].as_array().unwrap();
    let judged: Vec<(&str, bool)> = thresholds
        .iter()
        .map(|t| (t["expr"].as_str().unwrap(), t["ok"] == true))
        .collect();
    assert_eq!(
        judged,
        [
            ("p95 < 1m", true),
            ("observe.app.pool max < 10", false),
            ("observe.app.pool max < 1000", true),
            ("observe.host.cpu max <= 100%", true),
            ("observe.app.polo max < 3", false),
        ]
    );
    assert!(
        thresholds[4]["message"]
            .as_str()
            .unwrap()
            .contains("did you mean `pool`?")
    );
    assert!(
        matches!(finished.code(), Some(99 | 96)),
        "{}",
        finished.stderr
    );
    let read = |name: &str| fs::read_to_string(finished.path(name)).unwrap();
    assert!(
        finished.stdout.contains("Observed: app"),
        "{}",
        finished.stdout
    );
    assert!(read("out/report.html").contains("Observed: app"));
    assert!(read("out/summary.md").contains("seen\\_total"));
    // A run that is killed keeps what it had seen, and is judged by that.
    let written = read("out/intervals.jsonl");
    let cut: String = written
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("{\"end\""))
        .collect();
    let again = Loadgen::retold(&cut).expect_code(0).result();
    let own = series(&again, "app", "pool");
    let kept = own["points"].as_array().unwrap();
    assert!(kept.len() >= 2 && kept.len() <= points.len(), "{own}");
    for (kept, point) in kept.iter().zip(points) {
        assert_eq!(kept, point);
    }
    assert!(series(&again, "app", "seen_total")["delta"].as_f64() <= seen["delta"].as_f64());
    let again = again["thresholds"].as_array().unwrap();
    for (again, before) in again.iter().zip(thresholds) {
        assert_eq!(
            (&again["expr"], &again["ok"], &again["unit"]),
            (&before["expr"], &before["ok"], &before["unit"])
        );
    }
    assert_eq!(again.len(), thresholds.len());
}

#[test]
fn servers_are_told_apart_and_have_their_shares() {
    let serving = || {
        let requests = AtomicU64::new(0);
        serving(move |request: &Request| {
            if request.path == "/metrics" {
                return Answer::new(200, &format!("seen_total {}\n", requests.load(SeqCst)));
            }
            requests.fetch_add(1, SeqCst);
            status(200)
        })
    };
    let (one, other) = (serving(), serving());
    let text = format!(
        "thresholds = ['observe.app.seen_total{{instance=\"1\"}} share >= 25%', \
         'observe.app.seen_total{{instance=\"2\"}} share == 75%']\n\
         [target]\nurl = ['{}', '{}']\n[load]\nusers = 1\niterations = 1\n\
         [[task]]\nname = 't'\nstep = [{{ get = '/work', repeat = 8 }}]\n\
         [[observe]]\nprometheus = '/metrics'\nby = 'instance'\n",
        one.url(),
        other.url()
    );
    let finished = Loadgen::scenario(&text).run();
    let result = with_code(&finished);
    let delta = |index: u8| {
        let own = series(
            &result,
            "app",
            &format!("seen_total{{instance=\"{index}\"}}"),
        );
        own["delta"].as_f64().unwrap()
    };
    let sum = delta(1) + delta(2);
    let missed = result["observed"]["app"]["failures"] != 0;
    assert!(sum == 8.0 || missed, "{sum}");
    let thresholds = result["thresholds"].as_array().unwrap();
    let share = thresholds[0]["observed"].as_f64().unwrap();
    assert!((share - delta(1) / sum * 100.0).abs() < 1e-6, "{share}");
    assert_eq!(thresholds[0]["unit"], "%");
}

#[test]
fn a_source_that_hangs_or_fails_is_counted_and_holds_nothing_up() {
    let server = serving(|request: &Request| match request.path.as_str() {
        "/hangs" => Answer::nothing().then(Then::Hang),
        "/fails" => status(500),
        _ => status(200),
    });
    let url = server.url();
    let text = format!(
        "thresholds = ['observe.hangs.x max < 1']\n\
         [target]\nurl = '{url}'\n[load]\nusers = 1\nduration = '3s'\nthink = '2ms'\n\
         [[task]]\nname = 't'\n[[task.step]]\nget = '/work'\n\
         [[observe]]\nname = 'hangs'\nprometheus = '/hangs'\n\
         [[observe]]\nname = 'fails'\nprometheus = '/fails'\n\
         [[observe]]\nname = 'gone'\nprometheus = 'http://127.0.0.1:1/metrics'\n"
    );
    let finished = Loadgen::scenario(&text).run();
    let result = with_code(&finished);
    for source in ["hangs", "fails", "gone"] {
        let observed = &result["observed"][source];
        assert!(
            observed["failures"].as_u64().unwrap() > 0,
            "{source}: {observed}"
        );
        assert!(observed["message"].is_string(), "{observed}");
        assert!(observed["series"].as_array().unwrap().is_empty());
    }
    assert_eq!(result["totals"]["errors"]["count"], 0);
    assert!(result["run"]["duration_s"].as_f64().unwrap() < 30.0);
    // A threshold without samples fails.
    assert_eq!(result["thresholds"][0]["ok"], false);
    assert!(
        matches!(finished.code(), Some(99 | 96)),
        "{}",
        finished.stderr
    );
}

fn the_bundled_service_and_its_database_are_observed(kind: ServerKind) {
    let url = Server::shared(kind).fresh();
    let written = match kind {
        ServerKind::Postgres => {
            "'observe.target.commits delta > 0', 'observe.target.rollbacks delta >= 0'"
        }
        ServerKind::MariaDb => "'observe.target.questions delta > 0'",
    };
    let text = format!(
        "thresholds = ['observe.app.orders_processed_total delta > 0', \
         'observe.target.connections min >= 1', 'observe.target.rows_written delta > 0', {written}]\n\
         [target]\napp = 'orders'\ndatabase = '{url}'\n\
         [load]\nusers = 2\nduration = '4s'\nthink = '5ms'\n[[task]]\nname = 't'\n[[task.step]]\n\
         post = '/api/order'\njson = {{ customer_id = 1, items = [{{ product_id = 7, quantity = 2, unit_price = 9.99 }}] }}\n\
         [[observe]]\nprometheus = '/metrics'\n[[observe]]\ndatabase = 'target'\n"
    );
    let result = measured(&Loadgen::scenario(&text).run());
    for threshold in result["thresholds"].as_array().unwrap() {
        assert_eq!(threshold["ok"], true, "{kind:?}: {threshold}");
    }
    let orders = series(&result, "app", "orders_processed_total")["delta"]
        .as_f64()
        .unwrap();
    assert!(orders <= result["totals"]["count"].as_f64().unwrap());
    let took = series(&result, "app", "http_request_duration_seconds_p95");
    assert_eq!(took["unit"], "s");
    assert!(took["max"].as_f64().unwrap() > 0.0, "{took}");
    assert_eq!(
        result["observed"]["target"]["failures"], 0,
        "{}",
        result["observed"]["target"]
    );
}
