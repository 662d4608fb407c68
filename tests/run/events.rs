//! Events, against servers and files that show that they happened.

use super::{measured, serving, silence, status, with_code};
use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGKILL, SIGTERM};
use serde_json::Value;
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};
use test_support::{answer::Answer, loadgen::Loadgen, request::Request, truth::TruthServer};

/// A server that answers 503 once it was told to break, until it is told to heal.
fn breakable() -> TruthServer {
    let broken = AtomicBool::new(false);
    serving(move |request: &Request| match request.path.as_str() {
        "/demo/break" => {
            let body = String::from_utf8_lossy(&request.body);
            broken.store(body == r#"{"how":"all"}"#, SeqCst);
            Answer::new(200, r#"{"done": true}"#)
        }
        "/demo/heal" => {
            broken.store(false, SeqCst);
            status(204)
        }
        _ if broken.load(SeqCst) => status(503),
        _ => status(200),
    })
}

/// One user who asks all the time.
fn scenario(url: &str, duration: &str, rest: &str) -> String {
    format!(
        "[target]\nurl = '{url}'\n[load]\nusers = 1\nduration = '{duration}'\nthink = '2ms'\n\
         [[task]]\nname = 't'\n[[task.step]]\nname = 's'\nget = '/work'\n{rest}"
    )
}

fn names(result: &Value) -> Vec<&str> {
    let events = result["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["name"].as_str().unwrap())
        .collect()
}

#[test]
fn the_world_changes_when_it_was_to() {
    let server = breakable();
    let text = scenario(
        &server.url(),
        "3s",
        "[[event]]\nname = 'break it'\nat = '1s'\npost = '/demo/break'\njson = { how = 'all' }\n\
         expect = { status = 200, json = { '$.done' = true } }\n\
         [[event]]\nat = '2s'\npost = '/demo/heal'\n\
         [[event]]\nat = 'end'\nget = '/demo/last'\n",
    );
    let args = [
        "run",
        "scenario.toml",
        "--json",
        "result.json",
        "--out",
        "out",
    ];
    let finished = Loadgen::new(&args).file("scenario.toml", &text).run();
    let result = measured(&finished);
    assert_eq!(
        names(&result),
        ["break it", "POST /demo/heal", "GET /demo/last"]
    );
    for (event, least) in result["events"]
        .as_array()
        .unwrap()
        .iter()
        .zip([1.0, 2.0, 3.0])
    {
        assert_eq!(event["ok"], true, "{event}");
        assert!(event["t_s"].as_f64().unwrap() >= least, "{event}");
        assert!(event["took_s"].as_f64().unwrap() > 0.0, "{event}");
    }
    // All that failed did so between the two.
    let (from, to) = (
        result["events"][0]["t_s"].as_f64().unwrap(),
        result["events"][1]["t_s"].as_f64().unwrap() + 1.0,
    );
    let mut failed = 0;
    for interval in result["timeline"].as_array().unwrap() {
        // There is no entry where there was no request.
        let errors = interval["steps"]["scenario/t/s"]["errors"].as_u64();
        let errors = errors.unwrap_or(0);
        let start = interval["t_s"].as_f64().unwrap();
        assert!(
            errors == 0 || start + 1.0 > from && start < to,
            "{interval}"
        );
        failed += errors;
    }
    assert!(failed > 0);
    assert!(
        finished.stderr.contains("at 1s: break it"),
        "{}",
        finished.stderr
    );
    assert!(finished.stdout.contains("break it"), "{}", finished.stdout);
    let read = |name: &str| fs::read_to_string(finished.path(name)).unwrap();
    assert!(read("out/report.html").contains("break it"));
    assert!(read("out/summary.md").contains("break it"));
    // A run that is killed has what was done by then; the last one came after the load.
    let cut: String = read("out/intervals.jsonl")
        .lines()
        .filter(|line| !line.starts_with("{\"end\""))
        .map(|line| format!("{line}\n"))
        .collect();
    let again = Loadgen::retold(&cut).expect_code(0).result();
    assert_eq!(names(&again), ["break it", "POST /demo/heal"]);
}

#[test]
fn events_come_at_stages_again_and_again_and_scaled() {
    let server = breakable();
    let url = server.url();
    let text = format!(
        "[target]\nurl = '{url}'\n[load]\nstages = [{{ duration = '10s', users = 2 }}, \
         {{ duration = '20s', users = 2 }}]\nthink = '5ms'\n[[task]]\nname = 't'\n[[task.step]]\nget = '/work'\n\
         [[event]]\nname = 'second'\nat = 'stage 2'\nget = '/second'\n\
         [[event]]\nname = 'thrice'\nat = '0s'\nevery = '4s'\ntimes = 3\nget = '/thrice'\n\
         [[event]]\nname = 'on and on'\nstage = 1\nevery = '12s'\nget = '{url}/onandon'\n"
    );
    let check = Loadgen::new(&["check", "scenario.toml", "--duration", "3s"])
        .file("scenario.toml", &text)
        .run()
        .expect_code(0);
    for line in [
        "at 1s: second",
        "at 0s, every 400ms, 3 times: thrice",
        "at 0s, again every 1.2s: on and on",
    ] {
        assert!(check.stdout.contains(line), "{}", check.stdout);
    }
    let result = measured(&Loadgen::scenario(&text).args(&["--duration", "3s"]).run());
    let count = |name: &str| names(&result).iter().filter(|own| **own == name).count();
    assert_eq!(count("second"), 1, "{}", result["events"]);
    // A slow machine may leave a tick out, but never does one more.
    assert!((1..=3).contains(&count("thrice")), "{}", result["events"]);
    assert!(
        (1..=3).contains(&count("on and on")),
        "{}",
        result["events"]
    );
    let second = result["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["name"] == "second");
    assert!(second.unwrap()["t_s"].as_f64().unwrap() >= 1.0);
}

#[test]
fn a_failing_event_ends_the_run_and_keeps_what_was_measured() {
    let server = breakable();
    let text = scenario(
        &server.url(),
        "10m",
        "[[event]]\nname = 'nothing there'\nat = '500ms'\npost = '/demo/nothing'\nexpect = { status = 404 }\n\
         [[event]]\nat = 'end'\npost = '/demo/heal'\n\
         [[event]]\nname = 'too late'\nat = '9m'\npost = '/demo/heal'\n",
    );
    let finished = Loadgen::scenario(&text).run();
    let result = with_code(&finished);
    let finished = match result["run"]["valid"] == true {
        true => finished.expect_code(98),
        false => finished.expect_code(96),
    };
    let failure = result["run"]["failures"][0].as_str().unwrap();
    assert!(
        failure.starts_with("the event `nothing there` failed at ")
            && failure.ends_with(": status 200"),
        "{failure}"
    );
    assert!(result["totals"]["count"].as_u64().unwrap() > 10);
    // Events at the end are done all the same.
    assert_eq!(names(&result), ["nothing there", "POST /demo/heal"]);
    assert!(
        finished.stdout.contains("nothing there"),
        "{}",
        finished.stdout
    );
}

#[test]
fn commands_run_only_where_they_may() {
    let server = breakable();
    let text = scenario(
        &server.url(),
        "1500ms",
        "[[event]]\nat = '100ms'\nexec = ['sh', '-c', 'echo $0 $TMPDIR > done', '{{run.id}}']\n\
         [[event]]\nname = 'burn'\nat = '200ms'\nexec = ['sh', '-c', 'sleep 600 & sleep 600']\n",
    );
    let finished = Loadgen::scenario(&text).run().expect_code(2);
    assert!(
        finished.stderr.contains("--allow-exec"),
        "{}",
        finished.stderr
    );
    assert_eq!(server.requests(), 0, "nothing was begun");

    let finished = Loadgen::scenario(&text).args(&["--allow-exec"]).run();
    let result = measured(&finished);
    let written = fs::read_to_string(finished.path("done")).unwrap();
    assert!(
        written.starts_with(result["run"]["id"].as_str().unwrap()),
        "{written}"
    );
    let burn = &result["events"][1];
    assert_eq!(burn["name"], "burn");
    assert_eq!(burn["message"], "ended with the load");
    assert!(burn["took_s"].as_f64().unwrap() > 0.5, "{burn}");

    let text = scenario(
        &server.url(),
        "10m",
        "[[event]]\nname = 'fails'\nat = '300ms'\nexec = ['sh', '-c', 'echo no such disk >&2; exit 7']\n",
    );
    let result = with_code(&Loadgen::scenario(&text).args(&["--allow-exec"]).run());
    let failure = result["run"]["failures"][0].as_str().unwrap();
    assert!(
        failure.ends_with("sh: exit status: 7: no such disk"),
        "{failure}"
    );
}

/// After an interrupt the world is put right all the same, and nothing that was started is left.
#[test]
fn an_interrupt_ends_commands_and_does_the_last_things() {
    let server = breakable();
    let text = scenario(
        &server.url(),
        "10m",
        "[[event]]\nname = 'burn'\nat = '100ms'\nexec = ['sleep', '600']\n\
         [[event]]\nat = 'end'\npost = '/demo/heal'\n",
    );
    let run = Loadgen::scenario(&text).args(&["--allow-exec", "--out", "out"]);
    let mut running = run.start();
    running.wait_until("under load", |it| {
        let journal = fs::read_to_string(it.path("out/intervals.jsonl"));
        server.requests() > 200 && journal.unwrap_or_default().contains("\"burn\"")
    });
    running.signal(SIGINT);
    let finished = running.finish().expect_code(105);
    let result = with_code(&finished);
    assert_eq!(names(&result), ["burn", "POST /demo/heal"]);
    assert_eq!(result["events"][0]["message"], "ended with the load");
    // One that had been killed meanwhile would have known that it was under way.
    let journal = fs::read_to_string(finished.path("out/intervals.jsonl")).unwrap();
    let cut = journal.lines().filter(|line| !line.starts_with("{\"end\""));
    let cut: String = cut.map(|line| format!("{line}\n")).collect();
    let report = ["report", "killed.jsonl", "--json", "result.json"];
    let killed = Loadgen::new(&report).file("killed.jsonl", &cut).run();
    let killed = killed.expect_code(0).result();
    assert_eq!(names(&killed), ["burn"]);
    assert_eq!(killed["events"][0]["message"], "under way");
    let seen = server.stop();
    assert!(
        seen.others
            .iter()
            .any(|request| request.path == "/demo/heal")
    );
}

/// Commands, with what they have put into the background and what does not listen, end with the
/// run whatever ends it; that nothing is left is what `finish` waits for.
#[test]
fn commands_never_outlive_the_run() {
    let server = breakable();
    let stubborn = "trap \"\" TERM HUP INT; while :; do sleep 1; done";
    let text = scenario(
        &server.url(),
        "10m",
        &format!(
            "[[event]]\nname = 'short'\nat = '50ms'\n\
             exec = ['sh', '-c', '{stubborn} & nohup sleep 600 > /dev/null & echo done > short']\n\
             [[event]]\nname = 'long'\nat = '100ms'\n\
             exec = ['sh', '-c', '({stubborn}) & echo begun > long; {stubborn}']\n\
             [[event]]\nname = 'last'\nat = 'end'\n\
             exec = ['sh', '-c', 'sleep 600 & sleep 0.2; echo $0 > last', 'put back']\n"
        ),
    );
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGKILL] {
        let mut running = Loadgen::scenario(&text).args(&["--allow-exec"]).start();
        running.wait_until("begun", |it| {
            it.path("long").exists() && it.path("short").exists()
        });
        running.signal(signal);
        let finished = running.finish();
        let last = fs::read_to_string(finished.path("last"));
        if signal == SIGKILL {
            assert!(last.is_err());
            continue;
        }
        let result = with_code(&finished.expect_code(105));
        assert_eq!(names(&result), ["short", "long", "last"]);
        assert_eq!(result["events"][1]["message"], "ended with the load");
        // A command of the end runs to its own.
        assert_eq!(last.unwrap(), "put back\n");
        assert_eq!(result["events"][2]["ok"], true, "{}", result["events"]);
    }
}

/// The second interrupt leaves no time for what can be left out, but the world is put right.
#[test]
fn events_of_the_end_happen_after_a_second_interrupt_too() {
    let (hangs, counted) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
    let hung = Arc::clone(&hangs);
    let server = serving(move |request: &Request| match request.path.as_str() {
        // It has a value before the load.
        "/count" if !counted.swap(true, SeqCst) => Answer::new(200, "1"),
        "/hangs" => {
            hung.store(true, SeqCst);
            silence()
        }
        "/work" | "/count" => silence(),
        _ => status(200),
    });
    let text = scenario(
        &server.url(),
        "10m",
        "[[event]]\nname = 'hangs'\nat = '50ms'\nget = '/hangs'\n\
         [[event]]\nat = 'end'\npost = '/demo/heal'\n\
         [[verify]]\nget = '/count'\nexpect = 'value == 1'\n\
         [[teardown.step]]\npost = '/demo/last'\n",
    );
    let text = text.replace("[load]", "[http]\ntimeout = '5m'\n[load]");
    let args = ["run", "scenario.toml", "--json", "result.json"];
    let mut running = Loadgen::new(&args).file("scenario.toml", &text).start();
    running.wait_until("hanging", |_| hangs.load(SeqCst));
    running.signal(SIGINT);
    running.wait_until("told", |it| it.stderr().contains("interrupted: "));
    running.signal(SIGTERM);
    let result = with_code(&running.finish().expect_code(105));
    assert_eq!(names(&result), ["hangs", "POST /demo/heal"]);
    assert_eq!(result["events"][0]["ok"], false);
    assert_eq!(result["events"][1]["ok"], true);
    let message = &result["verify"][0]["message"];
    assert_eq!(message, "interrupted before there was a response");
    let seen = server.stop();
    for path in ["/demo/heal", "/demo/last"] {
        assert!(
            seen.others.iter().any(|request| request.path == path),
            "{path}"
        );
    }
}

#[test]
fn statements_change_databases() {
    let server = breakable();
    let text = format!(
        "{}\n[database.main]\nurl = 'sqlite:main.db?mode=rwc'\n",
        scenario(
            &server.url(),
            "1500ms",
            "[[event]]\nname = 'make'\nat = '100ms'\n\
             sql = 'CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (2)'\n\
             [[event]]\nname = 'add'\nat = '500ms'\nsql = 'INSERT INTO t VALUES ($1)'\nparams = [40]\n\
             [[verify]]\nsql = 'SELECT sum(x) FROM t'\nexpect = 'value == 43'\n",
        )
    );
    let finished = Loadgen::scenario(&text).run();
    let result = measured(&finished);
    assert_eq!(names(&result), ["make", "add"], "{}", result["events"]);
    assert_eq!(result["events"][1]["message"], "1 rows changed");
    assert_eq!(result["verify"][0]["ok"], true, "{}", result["verify"]);

    let text = text.replace("INSERT INTO t VALUES ($1)", "INSERT INTO u VALUES ($1)");
    let result = with_code(&Loadgen::scenario(&text).run());
    let failure = result["run"]["failures"][0].as_str().unwrap();
    assert!(
        failure.contains("`add` failed") && failure.contains("no such table"),
        "{failure}"
    );
}

#[test]
fn an_event_that_never_comes_is_a_warning() {
    let server = breakable();
    let url = server.url();
    let text = format!(
        "[target]\nurl = '{url}'\n[load]\nusers = 1\niterations = 3\n[[task]]\nname = 't'\n[[task.step]]\nget = '/work'\n\
         [[event]]\nname = 'later'\nat = '5m'\npost = '/demo/break'\n"
    );
    let result = measured(&Loadgen::scenario(&text).run());
    let warnings = result["warnings"].to_string();
    assert!(warnings.contains("`later` was not done"), "{warnings}");
}
