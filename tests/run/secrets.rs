//! Secrets go to the server and nowhere else: not to the summary, the result, the plan, progress
//! or messages.

use super::{serving, status, with_code};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use test_support::{
    answer::Answer,
    loadgen::{Finished, Loadgen},
    request::Request,
    truth::{Log, TruthServer},
};

/// From the environment, wherever it stands; and written into the scenario where its place tells
/// that it is one. The names are parts of the values, so that nothing else contains them.
const HIDDEN: [&str; 7] = [
    "hidden-bearer",
    "hidden-query",
    "hidden-path",
    "hidden-body",
    "hidden-written",
    "hidden-user",
    "hidden-password",
];

const TASK: &str = r#"
[http]
headers = { authorization = "Bearer ${BEARER}", x-api-key = "hidden-written" }
[[task]]
name = "get"
[[task.step]]
post = "/work/${PART}"
query = { q = "${QUERY}", token = "hidden-written" }
json = { note = "${BODY}", password = "hidden-written" }
expect = { status = 200, body = "${BODY}" }
"#;

fn loadgen(args: &[&str], url: &str) -> Loadgen {
    let text = format!(
        "thresholds = [\"errors == 0\"]\ntarget.url = \"{url}\"\n\
         load = {{ users = 1, duration = \"300ms\" }}\n{TASK}"
    );
    Loadgen::new(args)
        .file("scenario.toml", &text)
        .args(&["--env", "BODY=hidden-body"])
        .env("BEARER", "hidden-bearer")
        .env("QUERY", "hidden-query")
        .env("PART", "hidden-path")
}

const RUN: [&str; 6] = [
    "run",
    "scenario.toml",
    "--json",
    "result.json",
    "--out",
    "out",
];

fn with_user(server: &TruthServer) -> String {
    format!("http://hidden-user:hidden-password@{}", server.address())
}

#[track_caller]
fn shows_no_secret(finished: &Finished) {
    let mut texts = vec![finished.stdout.clone(), finished.stderr.clone()];
    for folder in ["", "out"] {
        let entries = std::fs::read_dir(finished.path(folder))
            .into_iter()
            .flatten();
        let files = entries.map(|entry| entry.unwrap().path());
        // The scenario is where they stand.
        let written = files.filter(|path| path.is_file() && !path.ends_with("scenario.toml"));
        texts.extend(written.map(|path| std::fs::read_to_string(path).unwrap()));
    }
    let basic = STANDARD.encode("hidden-user:hidden-password");
    for secret in HIDDEN.iter().copied().chain([&*basic]) {
        for shown in &texts {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

/// It got them, so they were there to be shown.
fn heard_them(request: &Request) {
    let all = format!("{request:?}{}", request.text());
    for secret in ["bearer", "query", "path", "body", "written"] {
        assert!(
            all.contains(&format!("hidden-{secret}")),
            "no {secret} in {all}"
        );
    }
}

#[test]
fn when_all_goes_well() {
    let server = serving(|request| Answer::new(200, request.text()));
    let finished = loadgen(&RUN, &server.url()).run().expect_code(0);
    let result = with_code(&finished);
    shows_no_secret(&finished);
    let plan = result["plan"].to_string();
    for part in ["${QUERY}", "${PART}", "${BODY}", "(redacted)"] {
        assert!(plan.contains(part), "{part} is not in {plan}");
    }
    let Log { served, .. } = server.stop();
    heard_them(&served[0].request);
}

#[test]
fn credentials_of_a_url() {
    for by_flag in [false, true] {
        let server = serving(|request| Answer::new(200, request.text()));
        let url = with_user(&server);
        let text = "load = { users = 1, duration = \"300ms\" }\n\
                    [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n";
        let finished = if by_flag {
            let run = Loadgen::new(&RUN).file("scenario.toml", text);
            run.args(&["--target", &url]).run()
        } else {
            let text = format!("target.url = \"{url}\"\n{text}");
            Loadgen::new(&RUN).file("scenario.toml", &text).run()
        };
        let finished = finished.expect_code(0);
        with_code(&finished);
        shows_no_secret(&finished);
        let basic = STANDARD.encode("hidden-user:hidden-password");
        let heard = &server.stop().served[0].request;
        assert_eq!(
            heard.header("authorization"),
            Some(&*format!("Basic {basic}"))
        );
    }
}

#[test]
fn when_everything_fails() {
    let answers = [
        (401, "{}"),                           // a status
        (200, "something else"),               // a body
        (200, "hidden-body is cut off early"), // nothing, but with other words
    ];
    for (code, body) in answers {
        let server = serving(move |_| Answer::new(code, body));
        let finished = loadgen(&RUN, &server.url()).run();
        with_code(&finished);
        shows_no_secret(&finished);
    }
    let server = serving(|_| Answer::raw("hidden-body is no HTTP\r\n\r\n"));
    let finished = loadgen(&RUN, &server.url()).run().expect_code(99);
    shows_no_secret(&finished);
}

#[test]
fn in_the_plan_and_before_the_run() {
    let server = serving(|_| status(200));
    let url = with_user(&server);
    let finished = loadgen(&["check", "scenario.toml"], &url)
        .run()
        .expect_code(0);
    shows_no_secret(&finished);
    assert!(finished.stdout.contains("${PART}"), "{}", finished.stdout);
    assert_eq!(server.stop().connections, 0);
    // Nobody listens there any more.
    let finished = loadgen(&RUN, &url).run().expect_code(97);
    shows_no_secret(&finished);
    assert!(
        finished.stderr.contains("cannot be reached"),
        "{}",
        finished.stderr
    );
}

/// A value from the environment that is wrong where it stands is not shown in the message.
#[test]
fn in_messages_about_the_scenario() {
    let rest = [
        ("target", r#"target.url = "http://127.0.0.1:9""#),
        ("load", "load.users = 1"),
        ("task", r#"task = [{ name = "t", step = [{ get = "/" }] }]"#),
    ];
    for line in [
        r#"target.url = "${WRONG}""#,
        r#"target.app = "${WRONG}""#,
        r#"load.users = "${WRONG}""#,
        r#"load.rate = "${WRONG}""#,
        r#"load = { users = 1, duration = "${WRONG}" }"#,
        r#"load = { users = 1, think = "${WRONG}..1s" }"#,
        r#"load = { rate = 1, arrivals = "${WRONG}" }"#,
        r#"seed = "${WRONG}""#,
        r#"thresholds = ["${WRONG}"]"#,
        r#"thresholds = ["p95 < ${WRONG}"]"#,
        r#"thresholds = [{ task = "${WRONG}", expr = "count > 0" }]"#,
        r#"http.timeout = "${WRONG}""#,
        r#"http.max_body = "${WRONG}""#,
        r#"http.insecure = "${WRONG}""#,
        r#"http.headers = { content-length = "${WRONG}" }"#,
        r#"http.headers = { x = "${WRONG}\n" }"#,
        r#"data.x = { uniform = { from = "${WRONG}", to = 1 } }"#,
        r#"data.x = { weighted = { a = "${WRONG}" } }"#,
        r#"data.x = { sequence = {}, scope = "${WRONG}" }"#,
        r#"task = [{ name = "t", step = [{ get = "${WRONG}" }] }]"#,
        r#"task = [{ name = "t", step = [{ get = "/", expect.status = "${WRONG}" }] }]"#,
    ] {
        let rest = rest.iter().filter(|(key, _)| !line.starts_with(key));
        let lines: Vec<&str> = [line]
            .into_iter()
            .chain(rest.map(|(_, line)| *line))
            .collect();
        let run = Loadgen::new(&RUN).file("scenario.toml", &lines.join("\n"));
        let finished = run
            .env("WRONG", "hidden-user hidden-password")
            .run()
            .expect_code(104);
        assert!(
            finished.stderr.contains("scenario.toml: 1 problem"),
            "{line}: {}",
            finished.stderr
        );
        shows_no_secret(&finished);
    }
}
