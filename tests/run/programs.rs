//! Programs of their own around loadgen, by the one in `examples/redis`.

use super::{measured, serving, status, with_code};
use loadgen::{
    Program,
    cli::Exit,
    driver::{Call, Custom, Failure},
};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    time::Duration,
};
use test_support::{loadgen::Loadgen, redis::Redis, truth::TruthServer};

/// Thresholds that say nothing about the machine.
const UNHURRIED: &str = r#"thresholds = ["error_rate == 0", "p95 < 10m", "count > 0"]"#;

/// The example with its own scenario against a Redis at `address`.
fn sessions(address: &str, args: &[&str]) -> Loadgen {
    Loadgen::example("redis", &["run", "--json", "result.json"])
        .args(&["--duration", "2s", "--rate", "200", "--set", UNHURRIED])
        .args(args)
        .env("REDIS", address)
}

/// Number of times that Redis executed a command, by its own count.
fn done(redis: &Redis, command: &str) -> u64 {
    let mut socket = TcpStream::connect(redis.address()).unwrap();
    socket.write_all(b"INFO commandstats\r\n").unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let head = format!("cmdstat_{command}:calls=");
    let line = answer.lines().find_map(|line| line.strip_prefix(&head));
    let digits = line.and_then(|line| line.split(',').next());
    digits.map_or(0, |digits| digits.parse().unwrap())
}

fn step<'r>(result: &'r Value, name: &str) -> &'r Value {
    let mut steps = result["steps"].as_array().unwrap().iter();
    steps.find(|step| step["name"] == name).unwrap()
}

#[test]
fn steps_of_its_own_kind_are_driven_measured_and_judged() {
    let redis = Redis::start();
    let finished = sessions(&redis.address(), &[]).run();
    let result = measured(&finished);
    assert_eq!(result["totals"]["errors"]["count"], 0, "{result:#}");
    let mut counted = 0;
    for (name, command, besides) in [
        // The setup's is not measured.
        ("write the session", "set", 1),
        ("count the visit", "incr", 0),
    ] {
        let step = step(&result, name);
        let count = step["count"].as_u64().unwrap();
        assert_eq!(count + besides, done(&redis, command), "{name}");
        assert_eq!(step["kind"], "custom");
        assert!(count > 0 && step["bytes_sent"].as_u64() > step["bytes_received"].as_u64());
        assert!(step["service_us"]["p50"].as_f64() > Some(0.0));
        assert!(step["latency_us"]["max"].as_f64() >= step["service_us"]["max"].as_f64());
        counted += count;
    }
    let gets =
        ["read it back", "read the session"].map(|name| step(&result, name)["count"].as_u64());
    let gets = gets.into_iter().flatten().sum::<u64>();
    assert_eq!((gets, gets), (counted, done(&redis, "get")));
    let first = &result["plan"]["populations"][0]["tasks"][0]["steps"][0];
    assert_eq!(first["custom"], "SET session:{{user}} {{token}} EX 1800");
    for shown in ["log in", "count the visit", "Thresholds"] {
        assert!(finished.stdout.contains(shown), "{}", finished.stdout);
    }

    let never = r#"thresholds = ["error_rate > 50%"]"#;
    let failed = sessions(&redis.address(), &["--set", never, "--quiet"]).run();
    assert!(
        [Some(96), Some(99)].contains(&failed.code()),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_refusal_is_an_error_of_the_step() {
    let redis = Redis::start();
    let wrong = r#"task.1.step.0.custom="LPOP session:0""#;
    let finished = sessions(&redis.address(), &["--set", wrong]).run();
    let result = with_code(&finished);
    let errors = &step(&result, "read the session")["errors"];
    assert_eq!(errors["rate"], 1.0, "{errors}");
    assert_eq!(errors["by_class"]["expectation"], errors["count"]);
    assert!(errors.to_string().contains("WRONGTYPE"), "{errors}");
    assert_eq!(step(&result, "read the session")["unknown"], 0);
}

/// A server that takes requests and hangs up.
#[test]
fn what_was_sent_and_not_answered_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let _ = socket.read(&mut [0; 1024]);
        }
    });
    let finished = sessions(&address, &["--set", "setup={ step = [] }"]).run();
    // A setup that does nothing is a mistake, and told as one.
    let finished = finished.expect_code(104);
    assert!(
        finished.stderr.contains("without steps"),
        "{}",
        finished.stderr
    );
    let scenario = "[load]\nusers = 2\nduration = '1s'\nthink = '50ms'\n\
                    [[task]]\nname = 't'\n[[task.step]]\ncustom = 'PING'\n";
    let args = ["run", "scenario.toml", "--json", "result.json"];
    let finished = Loadgen::example("redis", &args)
        .file("scenario.toml", scenario)
        .env("REDIS", &address)
        .run();
    let result = measured(&finished);
    let ping = step(&result, "PING");
    assert!(ping["count"].as_u64() > Some(0));
    assert_eq!(ping["errors"]["by_class"]["reset"], ping["count"], "{ping}");
    assert_eq!(ping["unknown"], ping["count"]);
}

#[test]
fn requests_and_steps_of_its_own_kind_in_one_task() {
    let redis = Redis::start();
    let server = TruthServer::steady(Duration::from_millis(2));
    let scenario = format!(
        "[target]\nurl = '{}'\n[load]\nusers = 2\niterations = 5\n\
         [data]\nn = {{ sequence = {{ from = 1 }} }}\n\
         [setup]\n[[setup.step]]\ncustom = 'SET base 40'\nextract = {{ said = 'reply' }}\n\
         [[task]]\nname = 't'\n\
         [[task.step]]\ncustom = 'INCR base'\nextract = {{ count = 'reply' }}\n\
         [[task.step]]\nname = 'request'\nget = '/work/{{{{said}}}}/{{{{count}}}}'\n",
        server.url()
    );
    let args = ["run", "scenario.toml", "--json", "result.json"];
    let finished = Loadgen::example("redis", &args)
        .file("scenario.toml", &scenario)
        .env("REDIS", &redis.address())
        .run();
    let result = measured(&finished);
    assert_eq!(result["totals"]["errors"]["count"], 0, "{result:#}");
    let log = server.stop();
    let mut asked: Vec<&str> = log
        .served
        .iter()
        .map(|one| one.request.path.as_str())
        .collect();
    asked.sort_unstable();
    let expected: Vec<String> = (41..=50).map(|n| format!("/work/OK/{n}")).collect();
    assert_eq!(asked, expected);
}

#[test]
fn without_its_other_side_it_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let finished = sessions(&address, &[]).run().expect_code(97);
    let expected = format!("no Redis at {address}");
    assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
}

/// Says what it is told to, after five milliseconds.
#[derive(Clone)]
struct Echo;

impl Custom for Echo {
    type Session = u64;

    fn session(&self, _index: u64) -> u64 {
        0
    }

    async fn call(&self, said: &mut u64, call: &mut Call<'_>) -> Result<(), Failure> {
        *said += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
        let text = String::from_utf8_lossy(call.text());
        assert!(text.starts_with("say "), "{text}");
        call.extract(|_| Some(loadgen::data::Value::Int(*said as i64)))
    }
}

#[test]
fn a_program_has_the_result_as_a_value() {
    let users = 3;
    let scenario = format!(
        "thresholds = ['count == 12']\n[load]\nusers = {users}\niterations = 4\n\
         [[task]]\nname = 't'\n[[task.step]]\ncustom = 'say {{{{run.id}}}}'\nextract = {{ n = 'said' }}\n"
    );
    let program = Program::new(Echo).with_scenario("echo", scenario);
    let ran = program.execute(["", "run", "--quiet"]);
    let exit = ran.exit;
    assert!([Exit::Success, Exit::Invalid].contains(&exit), "{exit:?}");
    let result = ran.result.expect("a run that came to its end");
    assert_eq!((result.totals.count, result.totals.errors.count), (12, 0));
    let latency = result.steps[0].stats.latency_us.as_ref().unwrap();
    assert!(latency.min >= 5000.0);
    let refused = program.execute(["", "run", "--quiet", "--rate", "5"]);
    assert_eq!(
        (refused.exit, refused.result.is_some()),
        (Exit::Usage, false)
    );
}

#[test]
fn it_has_the_whole_command_line() {
    let example = |args: &[&str]| Loadgen::example("redis", args).run();
    let plan = example(&["check"]).expect_code(0);
    assert!(
        plan.stdout.contains("INCR visits:{{session}}"),
        "{}",
        plan.stdout
    );
    let help = example(&["run", "--help"]).expect_code(0);
    assert!(
        help.stdout.contains("[default: sessions.toml]"),
        "{}",
        help.stdout
    );
    example(&["run", "--no-such-flag"]).expect_code(2);
    example(&["run", "missing.toml"]).expect_code(2);
    example(&["--version"]).expect_code(0);
    let bundled = "name = 'b'\n[target]\napp = 'hello'\n[load]\nusers = 1\niterations = 3\n\
                   [[task]]\nname = 't'\n[[task.step]]\nget = '/'\n";
    let redis = Redis::start();
    let args = ["run", "b.toml", "--json", "result.json"];
    let run = Loadgen::example("redis", &args).file("b.toml", bundled);
    let finished = run.env("REDIS", &redis.address()).run();
    assert_eq!(measured(&finished)["totals"]["count"], 3);
}

/// `examples/library`: a run without a command line.
#[test]
fn a_run_is_watched_and_its_result_read_from_rust() {
    let server = serving(|_| status(200));
    let url = server.url();
    let finished = Loadgen::example("library", &[&url]).run();
    let count = server.requests();
    for line in [
        format!("driving {url} with "),
        "second 3: ".to_owned(),
        format!("{count} requests, 0 errors, p99 "),
    ] {
        assert!(finished.stdout.contains(&line), "{}", finished.stdout);
    }
    // On a machine that is busy the run may be late, and then it is not good.
    let good = finished.stdout.ends_with(" ms, good\n");
    assert_eq!(
        finished.code(),
        Some(i32::from(!good)),
        "{}",
        finished.stdout
    );
    assert!((100..=150).contains(&count), "{count}");
    drop(server);

    let away = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = Loadgen::example("library", &[&format!("http://{away}/")]).run();
    assert_eq!(refused.code(), Some(1), "{}", refused.stdout);
    let words = "no result, because of the Preflight: ";
    assert!(refused.stdout.starts_with(words), "{}", refused.stdout);
}
