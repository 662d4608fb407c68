//! Values that the load draws from what the target or a database answered before it.

use super::{measured, result::count, serving, status};
use std::collections::BTreeMap;
use test_support::{
    answer::{Answer, Then},
    loadgen::Loadgen,
    request::Request,
    servers::{Server, ServerKind},
    truth::{Log, TruthServer},
};

/// Twenty places with their hits: the first has none, the second as many as all others.
const PLACES: usize = 20;

fn places() -> TruthServer {
    serving(|request: &Request| {
        if request.path != "/places" {
            return status(200);
        }
        let places = (0..PLACES).map(|place| {
            let hits = [0, PLACES - 2].get(place).copied().unwrap_or(1);
            format!(r#"{{"id": {place}.50, "name": "Place {place} & Co", "hits": {hits}}}"#)
        });
        let places = places.collect::<Vec<_>>().join(",");
        Answer::new(200, &format!(r#"{{"page": {{"places": [{places}]}}}}"#))
    })
}

/// The load does `/work/ID/NAME` with a place drawn in this way.
fn scenario(url: &str, place: &str, load: &str) -> String {
    format!(
        r#"
        [target]
        url = "{url}"
        [load]
        {load}
        [data]
        place = {{ get = "/places", json = "$.page.places[*]", columns = ["id", "name"], {place} }}
        [[task]]
        name = "look"
        [[task.step]]
        get = "/work/{{{{place.id}}}}/{{{{place.name}}}}"
        "#
    )
}

/// Number of requests for each place. Its columns belong together.
fn asked(log: &Log) -> BTreeMap<usize, u64> {
    let mut asked = BTreeMap::new();
    for served in &log.served {
        let rest = served.request.path.strip_prefix("/work/").unwrap();
        let (id, name) = rest.split_once('/').unwrap();
        // The digits are those that the target wrote.
        let id = id.strip_suffix(".50").unwrap();
        assert_eq!(name, format!("Place%20{id}%20%26%20Co"));
        *asked.entry(id.parse().unwrap()).or_default() += 1;
    }
    asked
}

#[test]
fn rows_of_the_target_are_drawn_in_every_order_and_asked_for_once() {
    let load = "rate = 1000\nduration = '2s'";
    for (order, fits) in [
        ("sequential", |n: &BTreeMap<usize, u64>| {
            n.values().all(|n| *n == 100)
        }),
        ("shuffled", |n: &BTreeMap<usize, u64>| {
            n.values().all(|n| *n == 100)
        }),
        // 100 each, with a deviation of 10.
        ("random", |n: &BTreeMap<usize, u64>| {
            n.values().all(|n| (40..160).contains(n))
        }),
        // A half for the second, the rest for the others, nothing for the first.
        ("weighted", |n: &BTreeMap<usize, u64>| {
            (850..1150).contains(&n[&1]) && !n.contains_key(&0)
        }),
        // 1 / (1 + 1/2 + ... + 1/20) is 0.278.
        ("zipf", |n: &BTreeMap<usize, u64>| {
            (450..660).contains(&n[&0]) && n[&0] > n[&4]
        }),
    ] as [(&str, fn(&BTreeMap<usize, u64>) -> bool); 5]
    {
        let written = match order {
            "weighted" => "order = { weighted = 'hits' }".to_owned(),
            "zipf" => "order = { zipf = 1 }".to_owned(),
            order => format!("order = '{order}'"),
        };
        let server = places();
        let args = ["--seed", "7", "--workers", "2"];
        let text = scenario(&server.url(), &written, load);
        let result = measured(&Loadgen::scenario(&text).args(&args).run());
        let log = server.stop();
        assert_eq!(count(&result["totals"], "count"), 2000);
        assert_eq!(count(&result["totals"], "errors.count"), 0);
        let lists = log.others.iter().filter(|other| other.path == "/places");
        assert_eq!(lists.count(), 1, "{order}");
        let asked = asked(&log);
        assert!(fits(&asked), "{order}: {asked:?}");
    }
}

#[test]
fn unique_rows_of_the_target_are_taken_once_and_fixed_ones_stay() {
    let server = places();
    let load = "users = 3\nduration = '1m'";
    let text = scenario(&server.url(), "order = 'unique'", load);
    let finished = Loadgen::scenario(&text).run();
    let log = server.stop();
    let expected: BTreeMap<usize, u64> = (0..PLACES).map(|place| (place, 1)).collect();
    assert_eq!(asked(&log), expected, "{}", finished.stdout);
    // One for each user that found none.
    let words = "3 task runs found each row of `place` taken";
    assert!(finished.stdout.contains(words), "{}", finished.stdout);

    let server = places();
    let text = scenario(
        &server.url(),
        "order = 'random', scope = 'user'",
        "users = 5\niterations = 30",
    );
    measured(&Loadgen::scenario(&text).args(&["--seed", "3"]).run());
    let log = server.stop();
    // A user is a connection.
    let mut own: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for served in &log.served {
        let paths = own.entry(served.request.connection).or_default();
        paths.push(&served.request.path);
    }
    assert_eq!(own.len(), 5);
    for paths in own.values_mut() {
        paths.dedup();
        assert_eq!(paths.len(), 1, "{paths:?}");
    }
}

#[test]
fn rows_of_a_database_are_drawn_like_those_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}/shop.db?mode=rwc", folder.path().display());
    for url in [file, Server::shared(ServerKind::Postgres).fresh()] {
        // The setup of one run makes what the next one loads.
        let make = format!(
            r#"
            [database.main]
            url = "{url}"
            [load]
            users = 1
            iterations = 1
            [[setup.step]]
            sql = "CREATE TABLE product (id INTEGER, name VARCHAR(20), price NUMERIC(6,2))"
            [[task]]
            name = "fill"
            [[task.step]]
            sql = "INSERT INTO product VALUES (1, 'one', 1.5), (2, 'two', 2.5), (30, 'thirty', 3.5)"
            "#
        );
        let draw = format!(
            r#"
            [database.main]
            url = "{url}"
            [load]
            users = 2
            shared_iterations = 30
            [data]
            id = {{ sql = "SELECT id FROM product WHERE price > $1", params = [2] }}
            product = {{ sql = "SELECT name, id FROM product", columns = ["id", "name"], order = "shuffled" }}
            [[task]]
            name = "read"
            [[task.step]]
            sql = "SELECT id FROM product WHERE id = $1 AND price > 2"
            params = ["{{{{id}}}}"]
            expect = {{ rows = 1 }}
            [[task.step]]
            sql = "SELECT id FROM product WHERE id = $1 AND name = $2"
            params = ["{{{{product.id}}}}", "{{{{product.name}}}}"]
            expect = {{ rows = 1, values = {{ id = "{{{{product.id}}}}" }} }}
            "#
        );
        measured(&Loadgen::scenario(&make).run());
        let result = measured(&Loadgen::scenario(&draw).run());
        assert_eq!(count(&result["totals"], "count"), 60, "{url}");
        assert_eq!(count(&result["totals"], "errors.count"), 0);
    }
}

#[test]
fn what_cannot_be_loaded_ends_the_run_before_anything_else() {
    let server = serving(|request: &Request| match request.path.as_str() {
        "/empty" => Answer::new(200, "[]"),
        "/page" => Answer::new(200, "<html>"),
        "/objects" => Answer::new(200, r#"[{"id": 1}, {"id": null}]"#),
        "/gone" => Answer::nothing().then(Then::Close),
        "/list" => Answer::new(200, "[1, 2]"),
        _ => status(404),
    });
    let url = server.url();
    // Nothing listens where something did.
    let nobody = TruthServer::steady(std::time::Duration::ZERO);
    let closed = nobody.url();
    nobody.stop();
    let elsewhere = format!("get = '{closed}/list'");
    for (source, code, words) in [
        ("get = '/empty'", 98, "GET /empty: there is nothing at $[*]"),
        ("get = '/missing'", 98, "GET /missing: status 404"),
        ("get = '/page'", 98, "the response is not JSON: `<html>`"),
        (
            "get = '/objects'",
            98,
            "value 1 is an object: name those of its keys",
        ),
        (
            "get = '/objects', columns = ['id']",
            98,
            "row 2 has no `id`",
        ),
        (
            "get = '/list', order = { weighted = 'hits' }",
            98,
            "row 1 has no `hits`",
        ),
        ("get = '/gone'", 97, "GET /gone: "),
        (&elsewhere, 97, "refused"),
        ("sql = 'SELECT 1 AS a, 2 AS b'", 98, "its columns are a, b"),
        (
            "sql = 'SELECT 1 AS a', columns = ['b']",
            98,
            "there is no column `b`, only a",
        ),
        ("sql = 'SELECT 1 WHERE 1 = 2'", 98, "there are no rows"),
        ("sql = 'SELECT x FROM absent'", 98, "no such table"),
        (
            "sql = 'SELECT 1', database = 'away'",
            97,
            "`x` cannot be loaded: SELECT 1: ",
        ),
    ] {
        let hole = match source.split_once("columns = ['") {
            Some((_, column)) => format!("x.{}", column.split('\'').next().unwrap()),
            None => "x".to_owned(),
        };
        let text = format!(
            r#"
            [target]
            url = "{url}"
            [database.main]
            url = "sqlite:main.db?mode=rwc"
            [database.away]
            url = "sqlite:missing/folder.db"
            [load]
            users = 1
            iterations = 1
            [data]
            x = {{ {source} }}
            [[setup.step]]
            post = "/setup"
            [[task]]
            name = "t"
            [[task.step]]
            get = "/work/{{{{{hole}}}}}"
            "#
        );
        let text = if source.contains("sql") && !source.contains("database") {
            text.replace("x = { sql", "x = { database = 'main', sql")
        } else {
            text
        };
        // Its meaning is told without a request.
        let asked = server.requests();
        Loadgen::new(&["check", "scenario.toml"])
            .file("scenario.toml", &text)
            .run()
            .expect_code(0);
        assert_eq!(server.requests(), asked, "{source}");
        let finished = Loadgen::scenario(&text).run().expect_code(code);
        let said = &finished.stderr;
        assert!(said.contains(words), "{source}: {said}");
        assert!(said.contains("`x` cannot be loaded: "), "{said}");
    }
    let log = server.stop();
    let setups = log.others.iter().filter(|other| other.path == "/setup");
    assert_eq!((setups.count(), log.served.len()), (0, 0));
}
