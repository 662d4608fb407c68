//! Text that others wrote, with characters that would do something to a terminal, a spreadsheet or a
//! page: shown everywhere, and raw nowhere.

use super::{serving, with_code};
use serde_json::Value;
use test_support::{
    answer::Answer,
    loadgen::{Finished, Loadgen},
    request::Request,
    truth::TruthServer,
};

/// Sets a terminal's title, colours and clears it; a control character of eight bits; and one that
/// turns the order of reading around.
const HOSTILE: &str = "\x1b]0;title\x07\x1b[31m\u{9b}2J\u{202e}<script>alert(1)</script>";

/// Hostile text in a TOML string.
const IN_TOML: &str = r"\u001b]0;title\u0007\u001b[31m\u009b2J\u202e<script>alert(1)</script>";

fn is_raw(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r')) || matches!(c, '\u{202a}'..='\u{202e}')
}

/// Every text that was shown or written, with its name.
fn texts(finished: &Finished, files: &[&str]) -> Vec<(String, String)> {
    let mut texts = vec![
        ("stdout".to_owned(), finished.stdout.clone()),
        ("stderr".to_owned(), finished.stderr.clone()),
    ];
    for file in files {
        let text = std::fs::read_to_string(finished.path(file));
        texts.push((
            (*file).to_owned(),
            text.unwrap_or_else(|error| panic!("{file}: {error}")),
        ));
    }
    texts
}

#[track_caller]
fn shows_nothing_raw(finished: &Finished, files: &[&str]) {
    for (name, text) in texts(finished, files) {
        let around = text.find(is_raw).map(|at| {
            let start = text.floor_char_boundary(at.saturating_sub(60));
            text[start..].chars().take(120).collect::<String>()
        });
        assert_eq!(around, None, "{name}");
        if name.ends_with(".html") || name.ends_with(".md") {
            assert!(!text.contains("<script>alert"), "{name}");
        }
    }
}

const OUT: [&str; 8] = [
    "out/result.json",
    "out/report.html",
    "out/junit.xml",
    "out/timeline.csv",
    "out/latency.hgrm",
    "out/latency.hlog",
    "out/summary.md",
    "out/intervals.jsonl",
];

fn server() -> TruthServer {
    serving(|request: &Request| match request.path.as_str() {
        "/metrics" => Answer::new(
            200,
            &format!("# TYPE jobs gauge\njobs{{queue=\"{HOSTILE}\"}} 1\n"),
        ),
        "/garbage" => Answer::raw(format!("{HOSTILE}\r\n\r\n")),
        "/redirect" => Answer::raw(format!(
            "HTTP/1.1 302 Found\r\nlocation: http://[{HOSTILE}\r\ncontent-length: 0\r\n\r\n"
        )),
        _ => Answer::new(200, &format!("{{\"a\": \"{HOSTILE}\"}}")),
    })
}

fn scenario(url: &str, event: &str) -> String {
    format!(
        r#"
target.url = "{url}"
load = {{ users = 1, think = "5ms", duration = "2s" }}
http.redirects = 2
[data]
own = {{ list = ["{IN_TOML}"] }}
[database.main]
url = "sqlite:own.db?mode=rwc"
[[task]]
name = "all"
[[task.step]]
name = "body"
get = "/body"
expect = {{ body = "{IN_TOML}." }}
[[task]]
name = "json"
[[task.step]]
post = "/form/{{{{own}}}}"
form = {{ a = "{IN_TOML}" }}
expect = {{ json = {{ "$.a" = "{IN_TOML}." }} }}
[[task]]
name = "garbage"
[[task.step]]
get = "/garbage"
[[task]]
name = "redirect"
[[task.step]]
get = "/redirect"
[[task]]
name = "statement"
[[task.step]]
name = "statement"
sql = "SELECT '{IN_TOML}' AS v"
expect = {{ values = {{ v = "{IN_TOML}." }} }}
{event}
[[observe]]
prometheus = "/metrics"
metrics = ["jobs"]
by = ["queue"]
[[verify]]
get = "/verify"
json = "$.a"
expect = "value == 1"
"#
    )
}

#[test]
fn what_servers_and_commands_say() {
    let server = server();
    let event = format!(
        "[[event]]\nat = \"500ms\"\nexec = [\"sh\", \"-c\", \"printf '%s' '{IN_TOML}' >&2; exit 3\"]"
    );
    let args = [
        "run",
        "scenario.toml",
        "--allow-exec",
        "--out",
        "out",
        "--dashboard",
        "plain",
    ];
    let finished = Loadgen::new(&args)
        .file("scenario.toml", &scenario(&server.url(), &event))
        .args(&["--json", "result.json"])
        .env("GITHUB_STEP_SUMMARY", "job.md")
        .run();
    let result = with_code(&finished);
    let mut files = OUT.to_vec();
    files.push("job.md");
    shows_nothing_raw(&finished, &files);
    let text = result.to_string();
    for part in ["alert(1)", "exit status: 3"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let steps = result["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step["errors"]["count"].as_u64() > Some(0))
    );
    assert!(
        finished.stderr.contains(r"\u{1b}]0;title"),
        "{}",
        finished.stderr
    );
}

#[test]
fn what_a_scenario_says_before_it_is_run() {
    let text = scenario("http://127.0.0.1:9", "");
    let finished = Loadgen::new(&["check", "scenario.toml"])
        .file("scenario.toml", &text)
        .run()
        .expect_code(0);
    shows_nothing_raw(&finished, &[]);
    assert!(
        finished.stdout.contains(r"\u{1b}]0;title"),
        "{}",
        finished.stdout
    );
}

#[test]
fn what_is_wrong_with_a_scenario() {
    let text = format!("# {HOSTILE}\n[load]\nusers = \"{IN_TOML}\" # {HOSTILE}\n'{IN_TOML}' = 1\n");
    let text = text.replace(['\x1b', '\x07'], "");
    let finished = Loadgen::new(&["check", "\u{202e}scenario.toml"])
        .file("\u{202e}scenario.toml", &text)
        .run()
        .expect_code(104);
    shows_nothing_raw(&finished, &[]);
    for name in [
        "name",
        "task.name",
        "event.name",
        "observe.name",
        "database.a\u{202e}.url",
    ] {
        let flag = format!("{name}={HOSTILE}");
        let finished = Loadgen::new(&["check", "scenario.toml", "--set", &flag])
            .file("scenario.toml", &scenario("http://127.0.0.1:9", ""))
            .run()
            .expect_code(104);
        shows_nothing_raw(&finished, &[]);
    }
}

/// Puts hostile text into every string, but for what is parsed: times and histograms.
fn poison(value: &mut Value, key: &str) {
    match value {
        Value::String(_) if key == "started_at" || key == "hdr" => {}
        Value::String(text) => text.push_str(HOSTILE),
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key)),
        Value::Object(entries) => entries.iter_mut().for_each(|(own, value)| {
            let key = if key == "hdr" { key } else { own };
            poison(value, key);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn what_a_saved_result_says() {
    let server = server();
    let finished = Loadgen::scenario(&scenario(&server.url(), "")).run();
    let mut result = finished.result();
    poison(&mut result, "");
    // Intervals go by the ids of the steps.
    let mut text = result.to_string();
    for step in result["steps"].as_array().unwrap() {
        let id = &step["id"];
        let old = id.as_str().unwrap().replace(HOSTILE, "");
        text = text.replace(&format!("{}:{{", Value::from(old)), &format!("{id}:{{"));
    }
    let finished = Loadgen::new(&["report", "result.json", "--out", "out"])
        .file("result.json", &text)
        .run()
        .expect_code(0);
    shows_nothing_raw(&finished, &OUT[..7]);
    let csv = std::fs::read_to_string(finished.path("out/timeline.csv")).unwrap();
    assert!(csv.contains("title"), "{csv}");
}

#[test]
fn names_that_begin_as_formulas() {
    let server = server();
    let text = format!(
        "target.url = \"{}\"\n[[population]]\nname = \"=1+cmd|calc!A1\"\n\
         load = {{ users = 1, iterations = 2 }}\n\
         task = [{{ name = \"@SUM(1)\", step = [{{ get = \"/ok\", name = \"+1\" }}] }}]\n",
        server.url()
    );
    let args = [
        "run",
        "scenario.toml",
        "--dashboard",
        "off",
        "--csv",
        "timeline.csv",
    ];
    let finished = Loadgen::new(&args)
        .file("scenario.toml", &text)
        .run()
        .expect_code(0);
    let csv = std::fs::read_to_string(finished.path("timeline.csv")).unwrap();
    assert!(csv.contains(",'=1+cmd|calc!A1/@SUM(1)/+1,"), "{csv}");
}

#[test]
fn a_terminal_keeps_its_title() {
    let server = server();
    let args = ["run", "scenario.toml", "--dashboard", "progress"];
    let finished = Loadgen::new(&args)
        .file("scenario.toml", &scenario(&server.url(), ""))
        .in_terminal()
        .run();
    let screen = &finished.stdout;
    assert!(screen.contains("alert(1)"), "{screen}");
    for raw in ["\x1b]0;title", "\u{202e}", "\u{9b}"] {
        assert!(!screen.contains(raw), "{raw:?} in {screen}");
    }
}
