//! Suites: several scenarios against one target, with one result.

use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs;
use test_support::{
    answer::{Answer, Then},
    loadgen::{Finished, Loadgen, Running},
    stalls::Stalls,
    truth::TruthServer,
};

/// `loadgen run suite.toml --json result.json`.
fn suite(text: &str) -> Loadgen {
    Loadgen::new(&["run", "suite.toml", "--dashboard", "off"])
        .args(&["--json", "result.json"])
        .file("suite.toml", text)
}

/// A scenario of so many runs of one task.
fn scenario(runs: u64, thresholds: &str, step: &str) -> String {
    format!(
        "thresholds = {thresholds}\n[target]\napp = 'orders'\n\
         [load]\nusers = 1\niterations = {runs}\n\
         [[task]]\nname = 't'\n[[task.step]]\n{step}\n"
    )
}

fn get(runs: u64, thresholds: &str) -> String {
    scenario(runs, thresholds, "get = '/'")
}

fn server() -> TruthServer {
    TruthServer::start(Stalls::none(), |_| Answer::new(200, "{}"))
}

/// Name, state and exit code of each phase.
fn phases(result: &Value) -> Vec<(&str, &str, Option<u64>)> {
    let phases = result["phases"].as_array().unwrap();
    phases
        .iter()
        .map(|phase| {
            let text = |key: &str| phase[key].as_str().unwrap();
            (text("name"), text("state"), phase["exit_code"].as_u64())
        })
        .collect()
}

fn count(result: &Value, phase: usize) -> u64 {
    let totals = &result["phases"][phase]["result"]["totals"];
    totals["count"].as_u64().unwrap()
}

fn text(finished: &Finished, name: &str) -> String {
    fs::read_to_string(finished.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

const ORDER: &str = "post = '/api/order'\n\
    json = { customer_id = 1, items = [{ product_id = 1, quantity = 1, unit_price = 1 }] }\n\
    expect.status = 201";

/// Data of one phase is there for the next: the service is not started anew. The last of
/// 10,000 orders at the start has this number.
#[test]
fn phases_share_a_target_and_its_database() {
    let read = |order: u64| scenario(2, "['errors == 0']", &format!("get = '/api/order/{order}'"));
    let finished = suite(
        "[suite]\non_failure = 'continue'\npause = '100ms'\n\
         [[phase]]\nscenario = 'before.toml'\n\
         [[phase]]\nname = 'write'\nscenario = 'in/write.toml'\n\
         [[phase]]\nname = 'after'\nscenario = 'before.toml'\n\
         [[phase]]\nname = 'apart'\nscenario = 'before.toml'\nset = { 'target.instances' = 2 }\n",
    )
    .args(&["--out", "out"])
    .folder("in")
    .file("before.toml", &read(10_001))
    .file("in/write.toml", &scenario(3, "['errors == 0']", ORDER))
    .run()
    .expect_code(99);
    let result = finished.result();
    assert_eq!(
        phases(&result),
        [
            ("before", "ran", Some(99)),
            ("write", "ran", Some(0)),
            ("after", "ran", Some(0)),
            // Another target has another temporary database.
            ("apart", "ran", Some(99)),
        ]
    );
    assert_eq!(
        [0, 1, 2, 3].map(|phase| count(&result, phase)),
        [2, 3, 2, 2]
    );
    let target = |phase: usize| result["phases"][phase]["result"]["run"]["target"].clone();
    assert_eq!(target(0), target(2));
    assert_ne!(target(0), target(3));
    let starts = finished.stderr.matches("starting the bundled target");
    assert_eq!(starts.count(), 2, "{}", finished.stderr);
    assert!(
        finished
            .stdout
            .contains("FAILED: 2 of 4 phases failed (exit code 99)")
    );

    // Everything of each phase is in a folder of its own, and of the suite beside them.
    assert_eq!(
        text(&finished, "out/result.json"),
        text(&finished, "result.json")
    );
    for folder in ["01-before", "02-write", "03-after", "04-apart"] {
        for file in [
            "result.json",
            "report.html",
            "intervals.jsonl",
            "timeline.csv",
        ] {
            assert!(
                finished.path(&format!("out/{folder}/{file}")).exists(),
                "{folder}/{file}"
            );
        }
    }
    let own: Value = serde_json::from_str(&text(&finished, "out/02-write/result.json")).unwrap();
    assert_eq!(own, result["phases"][1]["result"]);
    let xml = text(&finished, "out/junit.xml");
    assert_eq!(xml.matches("<testsuite ").count(), 5, "{xml}");
    assert!(text(&finished, "out/report.html").contains(r#"<article id="phase-4">"#));
    assert!(text(&finished, "out/summary.md").contains("| ✅ | write |"));
}

#[test]
fn a_failure_stops_a_suite_or_not() {
    let server = server();
    let run = |on_failure: &str| {
        let phases = "[[phase]]\nscenario = 'good.toml'\n[[phase]]\nscenario = 'bad.toml'\n\
                      [[phase]]\nname = 'last'\nscenario = 'good.toml'\n";
        suite(&format!("[suite]\non_failure = '{on_failure}'\n{phases}"))
            .args(&["--target", &server.url()])
            .file("good.toml", &get(2, "['errors == 0']"))
            .file("bad.toml", &get(2, "['count > 1000']"))
            .run()
            .expect_code(99)
    };
    let stopped = run("stop").result();
    assert_eq!(
        phases(&stopped),
        [
            ("good", "ran", Some(0)),
            ("bad", "ran", Some(99)),
            ("last", "not_run", None),
        ]
    );
    assert_eq!(stopped["phases"][2]["message"], "bad failed");
    assert_eq!(server.requests(), 4);
    let went_on = run("continue");
    let shown = &went_on.stdout;
    assert!(
        shown.contains("✗ bad   FAILED: 1 of 1 threshold did not hold"),
        "{shown}"
    );
    assert!(shown.contains("✓ last  PASSED"), "{shown}");
    let went_on = went_on.result();
    assert_eq!(phases(&went_on)[2], ("last", "ran", Some(0)));
    assert_eq!(went_on["suite"]["exit_code"], 99);
    assert_eq!(server.requests(), 4 + 6);
}

/// The gravest of the phases' codes decides, wherever it comes; and of a suite that cannot be begun
/// nothing runs.
#[test]
fn the_exit_code_is_that_of_the_gravest_phase() {
    let server = server();
    let url = server.url();
    let run = |phases: &[&str]| {
        let phase = |(index, file): (usize, &&str)| {
            let target = match *file {
                "gone" => "http://127.0.0.1:1",
                _ => url.as_str(),
            };
            format!(
                "[[phase]]\nname = 'p{index}'\nscenario = '{file}.toml'\n\
                 set = {{ target = {{ url = '{target}' }} }}\n"
            )
        };
        let phases: String = phases.iter().enumerate().map(phase).collect();
        let setup = "[[setup.step]]\nget = '/'\nexpect.status = 418\n";
        suite(&format!("[suite]\non_failure = 'continue'\n{phases}"))
            .file("good.toml", &get(2, "['errors == 0']"))
            .file("bad.toml", &get(2, "['count > 1000']"))
            .file("gone.toml", &get(2, "[]"))
            .file("setup.toml", &format!("{}{setup}", get(2, "[]")))
            .run()
            .code()
            .unwrap()
    };
    assert_eq!(run(&["good", "good"]), 0);
    assert_eq!(run(&["good", "bad", "good"]), 99);
    assert_eq!(run(&["bad", "setup"]), 98);
    assert_eq!(run(&["setup", "gone", "bad"]), 97);
    let before = server.requests();
    assert_eq!(run(&["good", "missing"]), 104);
    assert_eq!(server.requests(), before);
}

/// Each phase may have what it has to hold from the suite; a phase whose target is not there is
/// told with the others.
#[test]
fn what_each_phase_has_to_hold_and_one_that_cannot_begin() {
    let server = server();
    let url = server.url();
    let finished = suite(&format!(
        "thresholds = ['count == 2']\n[suite]\non_failure = 'continue'\n\
         [[phase]]\nscenario = 'get.toml'\nset = {{ target = {{ url = '{url}' }} }}\n\
         [[phase]]\nname = 'gone'\nscenario = 'get.toml'\n\
         set = {{ target = {{ url = 'http://127.0.0.1:1' }} }}\n\
         [[phase]]\nname = 'more'\nscenario = 'get.toml'\n\
         set = {{ target.url = '{url}', 'load.iterations' = 3 }}\nverify = [\
         {{ name = 'the answer', get = '{url}/', json = '$.n', expect = 'value == 1' }}]\n"
    ))
    .file("get.toml", &get(2, "['errors == 0']"))
    .run()
    .expect_code(97);
    let result = finished.result();
    assert_eq!(
        phases(&result),
        [
            ("get", "ran", Some(0)),
            ("gone", "not_started", Some(97)),
            ("more", "ran", Some(99)),
        ]
    );
    let held = |list: &str, key: &str| {
        let of = result["phases"][2]["result"][list].as_array().unwrap();
        let held = of.iter().map(|item| {
            let name = item[key].as_str().unwrap().to_owned();
            (name, item["ok"].as_bool().unwrap())
        });
        held.collect::<Vec<_>>()
    };
    assert_eq!(
        held("thresholds", "expr"),
        [
            ("errors == 0".to_owned(), true),
            ("count == 2".to_owned(), false)
        ]
    );
    assert_eq!(held("verify", "name"), [("the answer".to_owned(), false)]);
}

#[test]
fn an_interrupt_ends_the_phase_and_the_suite() {
    let server = server();
    let begun = |runs: [u64; 2]| {
        let [first, second] =
            runs.map(|runs| get(runs, "[]").replace("users", "think = '10ms'\nusers"));
        suite(
            "[suite]\non_failure = 'continue'\n[[phase]]\nscenario = 'first.toml'\n\
             [[phase]]\nscenario = 'second.toml'\n\
             [[phase]]\nname = 'last'\nscenario = 'first.toml'\npause = '1m'\n",
        )
        .args(&["--target", &server.url()])
        .file("first.toml", &first)
        .file("second.toml", &second)
        .start()
    };
    let end = |mut running: Running, when: &dyn Fn(&Running) -> bool| {
        running.wait_until("there", when);
        running.signal(Signal::SIGINT);
        running.finish().expect_code(105)
    };
    const FOREVER: u64 = 1_000_000;
    // During the first phase.
    let result = end(begun([FOREVER, 1]), &|_| server.requests() > 5).result();
    assert_eq!(
        phases(&result),
        [
            ("first", "ran", Some(105)),
            ("second", "not_run", None),
            ("last", "not_run", None)
        ]
    );
    assert_eq!(result["suite"]["interrupted"], true);
    assert!(count(&result, 0) > 5);
    // During the second: what was measured of both is there.
    let before = server.requests();
    let finished = end(begun([3, FOREVER]), &|_| server.requests() > before + 20);
    let result = finished.result();
    assert_eq!(
        phases(&result),
        [
            ("first", "ran", Some(0)),
            ("second", "ran", Some(105)),
            ("last", "not_run", None)
        ]
    );
    assert_eq!(count(&result, 0), 3);
    assert!(count(&result, 1) > 10);
    assert_eq!(result["suite"]["exit_code"], 105);
    assert_eq!(result["phases"][1]["result"]["run"]["interrupted"], true);
    assert!(
        finished.stdout.contains("INTERRUPTED"),
        "{}",
        finished.stdout
    );
    // During a pause.
    let paused = |running: &Running| running.stderr().contains("a pause of 1m before last");
    let result = end(begun([2, 2]), &paused).result();
    assert_eq!(
        phases(&result),
        [
            ("first", "ran", Some(0)),
            ("second", "ran", Some(0)),
            ("last", "not_started", Some(105))
        ]
    );
}

/// A second interrupt cuts off the phase, and what was measured is reported; a third waits for
/// nothing.
#[test]
fn interrupts_of_a_suite_are_counted() {
    const SUITE: &str = "[[phase]]\nscenario = 'get.toml'\n\
                         [[phase]]\nname = 'next'\nscenario = 'get.toml'\n";
    let server = TruthServer::start(Stalls::none(), |_| Answer::nothing().then(Then::Hang));
    let start = || {
        let files = [("suite.toml", SUITE), ("get.toml", &get(1, "[]"))];
        let loadgen = Loadgen::new(&["run", "suite.toml", "--dashboard", "plain"]).args(&[
            "--json",
            "result.json",
            "--target",
            &server.url(),
        ]);
        let mut running = files
            .into_iter()
            .fold(loadgen, |loadgen, (name, text)| loadgen.file(name, text))
            .start();
        let before = server.requests();
        running.wait_until("a request that is never answered", |_| {
            server.requests() > before
        });
        running.signal(Signal::SIGINT);
        running.wait_until("told", |it| it.stderr().contains("interrupted: "));
        running.signal(Signal::SIGTERM);
        running
    };
    let result = start().finish().expect_code(105).result();
    assert_eq!(
        phases(&result),
        [("get", "ran", Some(105)), ("next", "not_run", None)]
    );
    let totals = &result["phases"][0]["result"]["totals"];
    assert_eq!(totals["interrupted"], 1);

    let mut running = start();
    running.wait_until("told again", |it| it.stderr().contains("interrupted again"));
    // It may have ended by itself meanwhile.
    running.signal(Signal::SIGINT);
    let finished = running.finish();
    assert!(matches!(finished.code(), Some(105 | 130)));
}

#[test]
fn a_suite_is_checked_reported_again_and_refused_where_it_makes_no_sense() {
    let server = server();
    let files = |loadgen: Loadgen| {
        loadgen
            .file(
                "suite.toml",
                "[[phase]]\nscenario = 'get.toml'\nusers = 3\n",
            )
            .file("get.toml", &get(2, "['errors == 0']"))
    };
    let checked = files(Loadgen::new(&["check", "suite.toml"]))
        .run()
        .expect_code(0);
    assert!(
        checked.stdout.contains("== 1. get (get.toml)"),
        "{}",
        checked.stdout
    );

    let finished = files(Loadgen::new(&[
        "run",
        "suite.toml",
        "--json",
        "result.json",
    ]))
    .args(&["--target", &server.url(), "--quiet"])
    .run()
    .expect_code(0);
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("", "")
    );
    assert_eq!(count(&finished.result(), 0), 6);
    let saved = text(&finished, "result.json");
    let again = Loadgen::new(&["report", "result.json", "--html", "suite.html"])
        .args(&["--json", "again.json"])
        .file("result.json", &saved)
        .run()
        .expect_code(0);
    assert!(again.stdout.contains("PASSED: 1 phase"), "{}", again.stdout);
    assert_eq!(text(&again, "again.json"), saved);
    assert!(text(&again, "suite.html").contains("PASSED: 1 phase"));

    let refused = files(Loadgen::new(&["run", "suite.toml", "--csv", "a.csv"]))
        .run()
        .expect_code(2);
    assert!(
        refused
            .stderr
            .contains("--csv and --hdr are for a single run"),
        "{}",
        refused.stderr
    );
    let wrong = Loadgen::new(&["check", "suite.toml"])
        .file(
            "suite.toml",
            "[[phase]]\nscenario = 'a.toml'\n[[phase]]\nscenario = 'b.toml'\n",
        )
        .file("a.toml", "[load]\nuser = 1\n")
        .run()
        .expect_code(104);
    assert!(wrong.stderr.contains("a.toml:2:1") && wrong.stderr.contains("suite.toml:4:12"));
}
