//! Values of the environment that servers, URLs and flags repeat: shown as the scenario writes them.

use super::{serving, with_code};
use std::net::TcpListener;
use test_support::{
    answer::Answer,
    loadgen::{Finished, Loadgen},
    request::Request,
    truth::TruthServer,
};

const SECRET: &str = "S3KRETvalue9";

const OUT: [&str; 6] = [
    "out/result.json",
    "out/report.html",
    "out/junit.xml",
    "out/timeline.csv",
    "out/summary.md",
    "out/intervals.jsonl",
];

/// All that was shown and written.
fn texts(finished: &Finished) -> Vec<(&str, String)> {
    let mut texts = vec![
        ("stdout", finished.stdout.clone()),
        ("stderr", finished.stderr.clone()),
    ];
    let files = OUT.iter().filter_map(|file| {
        let text = std::fs::read_to_string(finished.path(file)).ok()?;
        Some((*file, text))
    });
    texts.extend(files);
    texts
}

#[track_caller]
fn hides(finished: &Finished, secret: &str) {
    let secret = secret.to_ascii_lowercase();
    for (name, text) in texts(finished) {
        let lower = text.to_ascii_lowercase();
        let around = lower.find(&secret).map(|at| {
            let start = lower.floor_char_boundary(at.saturating_sub(80));
            lower[start..].chars().take(200).collect::<String>()
        });
        assert_eq!(around, None, "{name}");
    }
}

/// A server that repeats whatever it is told.
fn echo() -> TruthServer {
    serving(|request: &Request| match request.path.as_str() {
        "/work/garbage" => Answer::raw(format!("{SECRET} is no HTTP\r\n\r\n")),
        "/work/none" => Answer::new(200, "{}"),
        path => Answer::new(200, &format!("{path} {}", request.text())),
    })
}

/// A port where nobody listens.
fn dead() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn run(text: &str) -> Loadgen {
    let args = [
        "run",
        "scenario.toml",
        "--json",
        "result.json",
        "--out",
        "out",
        "--dashboard",
        "plain",
    ];
    Loadgen::new(&args)
        .file("scenario.toml", text)
        .env("SEC", SECRET)
        .env("PIN", "p_n7")
}

const LOAD: &str = "load = { users = 1, think = \"5ms\", duration = \"1s\" }\n";
/// Enough that no task is left out.
const MANY: &str = "load = { users = 1, iterations = 200 }\n";
const TASK: &str = "[[task]]\nname = \"t\"\n[[task.step]]\nname = \"s\"\nget = \"/ok\"\n";

#[test]
fn by_servers() {
    let server = echo();
    let steps = [
        r#"get = "/work/json/${SEC}"
expect = { json = { "$.a" = 1 } }"#,
        r#"get = "/work/body/${SEC}"
expect = { body = "nothing of the kind" }"#,
        r#"get = "/work/garbage""#,
        r#"get = "/work/none"
extract = { a = { regex = "${PIN}${SEC}" } }"#,
        r#"get = "/work/none"
extract = { b = "$.${PIN}" }"#,
        r#"get = "/work/none"
extract = { c = { cookie = "${PIN}" } }"#,
        r#"get = "/work/none"
extract = { d = { form = "${PIN}" } }"#,
        r#"sql = "SELECT 'a' AS v"
expect = { values = { v = "${PIN}" } }"#,
        r#"sql = "SELECT $1 AS password"
params = ["${SEC}"]
expect = { values = { password = "other" } }"#,
    ];
    let steps = steps.iter().enumerate().map(|(index, step)| {
        format!("[[task]]\nname = \"t{index}\"\n[[task.step]]\nname = \"s{index}\"\n{step}\n")
    });
    let text = format!(
        "target.url = \"{}\"\n{MANY}[database.main]\nurl = \"sqlite:own.db?mode=rwc\"\n{}",
        server.url(),
        steps.collect::<String>()
    );
    let finished = run(&text).run();
    let result = with_code(&finished);
    hides(&finished, SECRET);
    hides(&finished, "p_n7");
    assert!(server.stop().served.len() > 5);
    let samples = result["totals"]["errors"]["samples"].to_string();
    for part in [
        "`/work/json/${SEC} `",
        "nothing at the body by /${PIN}${SEC}/",
        "nothing at $.${PIN}",
        "nothing at the cookie ${PIN}",
        "nothing at the form's field ${PIN}",
        "column v is \\\"a\\\" instead of \\\"${PIN}\\\"",
        "column password is another value",
    ] {
        assert!(samples.contains(part), "{part} is not in {samples}");
    }
}

#[test]
fn in_urls_beside_the_load() {
    let server = echo();
    let (url, dead) = (server.url(), dead());
    let text = format!(
        "target.url = \"{url}\"\n{LOAD}{TASK}\
         [[observe]]\nprometheus = \"http://u:${{SEC}}@127.0.0.1:{dead}/?k=${{SEC}}\"\n\
         [[event]]\nat = \"200ms\"\nget = \"{url}/work?k=${{SEC}}\"\n\
         [[event]]\nat = \"end\"\nget = \"http://127.0.0.1:{dead}/?k=${{SEC}}\"\n\
         [[verify]]\nget = \"http://u:${{SEC}}@127.0.0.1:{dead}/?k=${{SEC}}\"\nexpect = \"value == 1\"\n"
    );
    let finished = run(&text).run();
    let result = with_code(&finished);
    hides(&finished, SECRET);
    let asked = server.stop().served;
    assert!(
        asked
            .iter()
            .any(|served| served.request.path.contains(SECRET))
    );
    let events = result["events"].to_string();
    assert!(
        events.contains(&format!("GET {url}/work?k=${{SEC}}")),
        "{events}"
    );
}

/// The target is named by scheme, host and port in every report, whatever filled it in.
#[test]
fn but_the_target_is_named() {
    let server = echo();
    let named = format!("http://{}", server.address());
    for (written, variables) in [
        (
            "${TARGET:-http://127.0.0.1:9}".to_owned(),
            vec![("TARGET", server.url())],
        ),
        (format!("${{TARGET:-{}}}", server.url()), vec![]),
        (
            "http://us:${SEC}@127.0.0.1:${PORT}".to_owned(),
            vec![("PORT", named.rsplit(':').next().unwrap().to_owned())],
        ),
    ] {
        let text = format!("target.url = \"{written}\"\n{LOAD}{TASK}");
        let mut loadgen = run(&text);
        for (name, value) in &variables {
            loadgen = loadgen.env(name, value);
        }
        let finished = loadgen.run();
        let result = with_code(&finished);
        hides(&finished, SECRET);
        assert_eq!(result["run"]["target"], named);
        for (name, text) in texts(&finished) {
            let tells = !matches!(name, "stderr" | "out/timeline.csv");
            assert!(
                !tells || text.contains(&named),
                "{name} does not name the target"
            );
        }
    }
}

#[test]
fn on_the_command_line() {
    let text = format!("target.url = \"http://127.0.0.1:9\"\n{LOAD}{TASK}");
    let password = format!("htp://u:{SECRET}@127.0.0.1:9/w");
    let parameter = format!("http://127.0.0.1:9/w?token={SECRET}");
    let set = format!("target.url={password}");
    let duration = format!("load.duration={password}");
    for (args, code) in [
        (vec!["--prometheus-remote-write", &password], 2),
        (vec!["--otlp-metrics", &password], 2),
        (vec!["--target", &password], 2),
        (vec!["--target", &parameter], 2),
        (vec!["--set", &set], 104),
        (vec!["--set", &duration], 104),
    ] {
        let finished = run(&text).args(&args).run().expect_code(code);
        hides(&finished, SECRET);
    }
    // Help tells what the environment has set.
    let target = format!("http://u:{SECRET}@127.0.0.1:9");
    let finished = Loadgen::new(&["run", "--help"]).env("LOADGEN_TARGET", &target);
    let finished = finished.run().expect_code(0);
    hides(&finished, SECRET);
    assert!(
        finished.stdout.contains("(redacted)@127.0.0.1:9"),
        "{}",
        finished.stdout
    );
}

#[test]
fn of_a_receiver_that_does_not_answer() {
    let server = echo();
    let text = format!("target.url = \"{}\"\n{LOAD}{TASK}", server.url());
    let receiver = format!("http://u:{SECRET}@127.0.0.1:{}/w?token={SECRET}", dead());
    let finished = run(&text)
        .args(&[
            "--duration",
            "2s",
            "--metrics-interval",
            "1s",
            "--prometheus-remote-write",
            &receiver,
        ])
        .run();
    let result = with_code(&finished);
    hides(&finished, SECRET);
    let warnings = result["warnings"].to_string();
    assert!(
        warnings.contains("could not be sent to http://(redacted)@"),
        "{warnings}"
    );
}
