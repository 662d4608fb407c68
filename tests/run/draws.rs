//! Rows, sequences and random values over populations, workers and the whole run, as a server saw
//! them.

use super::{
    measured,
    result::{count, named},
    with_code,
};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};
use test_support::{loadgen::Loadgen, truth::Log, truth::TruthServer};

/// A run on so many workers, and what was asked for.
struct Ran {
    result: Value,
    log: Log,
}

fn run(scenario: &str, workers: &str) -> Ran {
    let server = TruthServer::steady(Duration::ZERO);
    let text = scenario.replace("${TARGET}", &server.url());
    let args = ["--workers", workers, "--seed", "7"];
    let finished = Loadgen::scenario(&text).args(&args).run();
    Ran {
        result: measured(&finished),
        log: server.stop(),
    }
}

impl Ran {
    /// The ends of the paths that begin so, in the order in which they were asked for.
    fn asked(&self, prefix: &str) -> Vec<&str> {
        let served = self.log.served.iter();
        let paths = served.map(|served| served.request.path.as_str());
        paths.filter_map(|path| path.strip_prefix(prefix)).collect()
    }

    fn warnings(&self) -> String {
        self.result["warnings"].to_string()
    }
}

/// A list of numbers from 1 on.
fn numbers(count: usize) -> String {
    let all: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
    format!("[{}]", all.join(", "))
}

fn sorted(mut values: Vec<&str>) -> Vec<u64> {
    values.sort_unstable();
    let mut numbers: Vec<u64> = values.iter().map(|it| it.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn unique_rows_go_to_the_runs_that_ask_for_them_and_what_comes_after_is_no_request() {
    let scenario = |rows: usize, load: &str| {
        format!(
            r#"
            target.url = "${{TARGET}}"
            load = {{ {load} }}
            thresholds = ["error_rate == 0", "exhausted <= 1000"]
            data = {{ card = {{ list = {}, order = "unique" }} }}
            [[task]]
            name = "look"
            weight = 3
            [[task.step]]
            get = "/work/look"
            [[task]]
            name = "pay"
            [[task.step]]
            get = "/work/pay/{{{{card}}}}"
            "#,
            numbers(rows)
        )
    };
    for workers in ["1", "2"] {
        for load in [
            "rate = 200, duration = '1s'",
            "users = 5, think = '5ms', iterations = 1000",
        ] {
            let ran = run(&scenario(20, load), workers);
            assert_eq!(sorted(ran.asked("/work/pay/")), Vec::from_iter(1..=20));
            let pay = named(&ran.result["tasks"], "id", "scenario/pay");
            let exhausted = count(pay, "exhausted");
            assert!(exhausted > 0, "{load}");
            assert_eq!(count(pay, "offered"), 20 + exhausted);
            assert_eq!(count(pay, "count"), 20);
            assert_eq!(count(&ran.result, "totals.exhausted"), exhausted);
            assert_eq!(count(&ran.result, "totals.errors.count"), 0);
            assert_eq!(
                count(&ran.result, "totals.count"),
                ran.log.served.len() as u64
            );
            let runs = if exhausted == 1 { "run" } else { "runs" };
            let told =
                format!("{exhausted} task {runs} found each row of `card` taken, and did nothing");
            assert!(ran.warnings().contains(&told), "{}", ran.warnings());
        }
        // As many rows as there are arrivals are enough, however few ask for one.
        let ran = run(&scenario(200, "rate = 200, duration = '1s'"), workers);
        let paid = sorted(ran.asked("/work/pay/"));
        assert_eq!(paid, Vec::from_iter(1..=paid.len() as u64));
        assert!((20..90).contains(&paid.len()), "{}", paid.len());
        assert_eq!(count(&ran.result, "totals.exhausted"), 0);
    }
}

#[test]
fn a_threshold_on_runs_without_a_row_decides() {
    let server = TruthServer::steady(Duration::ZERO);
    let text = format!(
        r#"
        target.url = "{}"
        load = {{ users = 1, iterations = 5 }}
        thresholds = ["exhausted == 0"]
        data = {{ card = {{ list = [1, 2], order = "unique" }} }}
        task = [{{ name = "pay", step = [{{ get = "/work/{{{{card}}}}" }}] }}]
        "#,
        server.url()
    );
    let finished = Loadgen::scenario(&text).run();
    let result = with_code(&finished);
    // A machine that is slow makes so short a run invalid besides.
    assert!(matches!(finished.code(), Some(96 | 99)));
    assert_eq!(result["thresholds"][0]["observed"], 1.0);
    assert_eq!(result["thresholds"][0]["ok"], false);
    assert_eq!(server.stop().served.len(), 2);
    let told = "without a row left: 1";
    assert!(finished.stdout.contains(told), "{}", finished.stdout);
}

#[test]
fn rows_of_dropped_arrivals_are_skipped_and_told() {
    // One slot and no queue: of two arrivals at a time at least one is dropped.
    let scenario = r#"
        target.url = "${TARGET}"
        load = { rate = 1000, duration = "1s", max_in_flight = 1, max_queue = 0 }
        data = { row = { sequence = { from = 0 } } }
        [[task]]
        name = "t"
        [[task.step]]
        get = "/work/{{row}}"
        [[task.step]]
        get = "/work/again/{{row}}"
        think = "20ms"
    "#;
    let ran = run(scenario, "2");
    let rows: Vec<&str> = ran.asked("/work/");
    let rows: Vec<u64> = rows.iter().filter_map(|row| row.parse().ok()).collect();
    let dropped = count(&ran.result, "totals.dropped");
    assert!(dropped > 0);
    assert_eq!(rows.len() as u64 + dropped, 1000);
    assert!(rows.is_sorted() && rows.iter().all(|row| *row < 1000));
    let told = "rows or numbers of `row` were skipped: they belonged to arrivals that were dropped";
    assert!(ran.warnings().contains(told), "{}", ran.warnings());
}

/// Two populations, whose requests begin with their names.
fn two(data: &str, load: &str, hole: &str) -> String {
    let population = |name: &str| {
        format!(
            "[[population]]\nname = '{name}'\nload = {{ {load} }}\n\
             task = [{{ name = 't', step = [{{ get = '/work/{name}/{{{{{hole}}}}}' }}] }}]\n"
        )
    };
    let (a, b) = (population("a"), population("b"));
    format!("target.url = '${{TARGET}}'\n[data]\n{data}\n{a}{b}")
}

#[test]
fn populations_draw_by_themselves_from_what_they_share() {
    let load = "rate = 100, duration = '1s'";
    // Of 1,000 rows 100 each: 10 are expected in both, with a deviation of 3.
    let list = numbers(1000);
    for data in [
        format!("x = {{ list = {list}, order = 'random' }}"),
        format!("x = {{ list = {list}, order = {{ zipf = 0 }} }}"),
        "x = { uniform = { from = 1, to = 1000 } }".to_owned(),
    ] {
        let ran = run(&two(&data, load, "x"), "2");
        let [a, b] = ["/work/a/", "/work/b/"].map(|own| BTreeSet::from_iter(ran.asked(own)));
        assert!(a.intersection(&b).count() < 40, "{data}");
    }
    // Rows in an order, and sequences, go round among all.
    for data in [
        "x = { sequence = {} }".to_owned(),
        format!("x = {{ list = {}, order = 'shuffled' }}", numbers(200)),
        format!("x = {{ list = {}, order = 'unique' }}", numbers(200)),
    ] {
        for load in [load, "users = 10, iterations = 10"] {
            let ran = run(&two(&data, load, "x"), "2");
            let mut all = ran.asked("/work/a/");
            all.extend(ran.asked("/work/b/"));
            assert_eq!(sorted(all), Vec::from_iter(1..=200), "{data}");
        }
    }
}

#[test]
fn a_value_of_the_run_is_one_for_all_populations_and_a_number_is_given_once() {
    for value in ["uuid = {}", "timestamp = 'unix_ms'", "sequence = {}"] {
        let data = format!("x = {{ {value}, scope = 'run' }}");
        let scenario = two(&data, "users = 3, iterations = 3", "x");
        let setup = "setup = { step = [{ post = '/work/setup/{{x}}' }] }\ntask";
        let ran = run(&scenario.replace("\ntask", &format!("\n{setup}")), "2");
        let asked = ["/work/setup/", "/work/a/", "/work/b/"].map(|own| ran.asked(own));
        assert_eq!(asked.each_ref().map(Vec::len), [2, 9, 9]);
        assert_eq!(BTreeSet::from_iter(asked.concat()).len(), 1, "{value}");
    }
    // Setup, load and teardown, whatever the load.
    let unique = format!("list = {}, order = 'unique'", numbers(52));
    for (load, source) in [
        ("rate = 50, duration = '1s'", "sequence = {}"),
        ("users = 5, iterations = 10", "sequence = {}"),
        ("users = 5, iterations = 10", unique.as_str()),
        ("users = 5, shared_iterations = 50", unique.as_str()),
    ] {
        let scenario = format!(
            r#"
            target.url = "${{TARGET}}"
            load = {{ {load} }}
            data = {{ x = {{ {source} }} }}
            setup = {{ step = [{{ post = "/work/{{{{x}}}}" }}] }}
            teardown = {{ step = [{{ delete = "/work/{{{{x}}}}" }}] }}
            task = [{{ name = "t", step = [{{ get = "/work/{{{{x}}}}" }}] }}]
            "#
        );
        let ran = run(&scenario, "2");
        let asked = ran.asked("/work/");
        assert_eq!((asked[0], asked[51]), ("1", "52"), "{load}");
        assert_eq!(sorted(asked), Vec::from_iter(1..=52));
    }
}

#[test]
fn shared_iterations_make_the_same_requests_on_any_number_of_workers() {
    let scenario = r#"
        target.url = "${TARGET}"
        load = { users = 7, shared_iterations = 210, think = "1ms..5ms" }
        [data]
        z = { zipf = { from = 1, to = 1000, exponent = 1.1 } }
        u = { uuid = {}, scope = "step" }
        q = { sequence = {} }
        [[task]]
        name = "a"
        weight = 3
        [[task.step]]
        get = "/work/a/{{z}}/{{q}}/{{u}}"
        [[task]]
        name = "b"
        [[task.step]]
        repeat = "1..3"
        get = "/work/b/{{u}}"
    "#;
    let requests = |workers: &str| {
        let ran = run(scenario, workers);
        let asked = ran.asked("/work/").into_iter();
        let mut asked: Vec<String> = asked.map(str::to_owned).collect();
        asked.sort_unstable();
        asked
    };
    let one = requests("1");
    assert!(one.len() >= 210);
    assert_eq!(one, requests("1"));
    assert_eq!(one, requests("2"));
}
