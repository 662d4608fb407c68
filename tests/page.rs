//! The HTML report in a real browser: it shows itself without an error and without asking anyone
//! for anything.

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use test_support::{
    answer::Answer,
    browser::Browser,
    loadgen::{Finished, Loadgen},
    stalls::Stalls,
    truth::TruthServer,
};

#[test]
fn the_report_needs_nothing_but_itself() {
    let server = TruthServer::start(Stalls::none(), |_| {
        Answer::new(503, "{}").after(Duration::from_millis(20))
    });
    let finished = Loadgen::scenario(&format!(
        r#"
name = "seen <b>in<b> a browser"
thresholds = ["p95 < 1m", "errors == 0"]
[target]
url = "{}"
[load]
stages = [{{ duration = "1s", users = 4 }}, {{ duration = "1s", users = 2 }}]
[[task]]
name = "get"
[[task.step]]
get = "/work"
headers = {{ authorization = "hunter2" }}
"#,
        server.url()
    ))
    .args(&["--html", "report.html"])
    .run()
    .expect_code(99);
    server.stop();
    let page = finished.path("report.html");
    assert!(!fs::read_to_string(&page).unwrap().contains("hunter2"));

    let seen = browse(&page);
    assert_eq!(seen.console, [""; 0]);
    assert_eq!(seen.requests, [""; 0]);
    assert!(
        seen.document
            .contains("FAILED: 1 of 2 thresholds did not hold")
    );
    assert!(
        seen.document
            .contains("seen &lt;b&gt;in&lt;b&gt; a browser")
    );
    assert!(seen.document.matches("</svg>").count() >= 6);
}

/// Most bytes of a report of an hour.
const MOST_BYTES: usize = 2_000_000;

/// Most things on a page that is drawn at once.
const MOST_NODES: u64 = 50_000;

/// A run of ten steps that is made an hour long: each second of it many times over.
fn an_hour() -> Value {
    let server = TruthServer::start(Stalls::none(), |request| {
        let status = if request.path.ends_with("/9") {
            503
        } else {
            200
        };
        Answer::new(status, "{}")
    });
    let steps: String = (0..10)
        .map(|n| {
            format!(
                "[[task]]\nname = 'task {n}'\n[[task.step]]\nname = 'step {n}'\nget = '/work/{n}'\n"
            )
        })
        .collect();
    let finished = Loadgen::scenario(&format!(
        "name = 'an hour'\nthresholds = ['p95 < 1m', 'error_rate < 50%']\n[target]\nurl = '{}'\n\
         [load]\nusers = 8\nthink = '1ms..20ms'\nduration = '4s'\n{steps}\
         [[event]]\nname = 'now'\nat = '2s'\nget = '/other'\n",
        server.url()
    ))
    .run();
    server.stop();
    let mut result = finished.result();
    let seconds = result["timeline"].as_array().unwrap().clone();
    let hour = (0..3600u64).map(|second| {
        let mut one = seconds[second as usize % seconds.len()].clone();
        one["t_s"] = second.into();
        one
    });
    result["timeline"] = hour.collect();
    result["run"]["duration_s"] = 3600.into();
    result
}

/// The report of a saved result, made by the binary.
fn report(result: &Value) -> Finished {
    let finished = Loadgen::new(&["report", "result.json", "--html", "report.html", "--quiet"])
        .file("result.json", &result.to_string())
        .run();
    finished.expect_code(0)
}

#[test]
fn an_hour_of_ten_steps_is_small_and_reads_well_everywhere() {
    let finished = report(&an_hour());
    let page = finished.path("report.html");
    let size = fs::metadata(&page).unwrap().len();
    assert!(size < MOST_BYTES as u64, "{size} bytes");

    let mut browser = Browser::start(1280, 900);
    browser.open(&format!("file://{}", page.display()));
    browser.wait_for("document.readyState === 'complete'");
    assert!(browser.text().contains("an hour"));
    let nodes = browser.value("document.querySelectorAll('*').length");
    assert!(nodes.as_u64() < Some(MOST_NODES), "{nodes} elements");

    // No place is wider than the window: what is wide scrolls by itself.
    let overflow = "document.documentElement.scrollWidth - innerWidth";
    for (width, height) in [(1280, 900), (768, 1024), (390, 844), (320, 568)] {
        browser.size(width, height);
        let over = browser.value(overflow);
        assert!(over.as_i64() <= Some(0), "{over} pixels over {width}");
    }
    // Drawings are visible on either background.
    let colours = "(() => { const of = (what, style) => getComputedStyle(document.querySelector(what))[style]; \
                   return [of('body', 'backgroundColor'), of('body', 'color'), of('svg path.line', 'stroke')] })()";
    let light = browser.value(colours);
    browser.dark(true);
    let dark = browser.value(colours);
    for index in 0..3 {
        assert_ne!(light[index], dark[index], "{light} {dark}");
    }

    let printed = browser.print();
    assert!(printed.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(&printed);
    let pages = text.matches("/Type /Page\n").count();
    assert!((2..=40).contains(&pages), "{pages} pages");
    assert_eq!(browser.console, [""; 0]);
    assert_eq!(browser.requests, [format!("file://{}", page.display())]);
}

/// The test above sees what it says it does not see.
#[test]
fn errors_and_requests_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("bad.html");
    let text = "<script>console.error('boom')</script><img src='http://127.0.0.1:9/x.png'>";
    fs::write(&page, text).unwrap();
    let seen = browse(&page);
    assert!(seen.console.iter().any(|line| line.contains("boom")));
    assert_eq!(seen.requests, ["http://127.0.0.1:9/x.png"]);
}

/// A page as a browser shows it.
struct Seen {
    document: String,
    /// Messages on its console.
    console: Vec<String>,
    /// Requests of the page to others.
    requests: Vec<String>,
}

fn browse(page: &Path) -> Seen {
    let profile = tempfile::tempdir().unwrap();
    let log = profile.path().join("net.json");
    let output = Command::new("chromium")
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        // The browser's own requests lead nowhere.
        .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--log-net-log={}", log.display()))
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("`scripts/test test` installs chromium: {error}"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{messages}");
    let log: Value = serde_json::from_slice(&fs::read(&log).unwrap()).unwrap();
    let events = log["events"].as_array().unwrap().iter();
    let mut requests: Vec<String> = events
        .map(|event| &event["params"])
        // The browser itself is not an origin.
        .filter(|about| about["initiator"].is_string() && about["initiator"] != "not an origin")
        .filter_map(|about| about["url"].as_str())
        .filter(|url| url.starts_with("http"))
        .map(str::to_owned)
        .collect();
    requests.dedup();
    let console = messages.lines().filter(|line| line.contains(":CONSOLE"));
    Seen {
        document: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: console.map(str::to_owned).collect(),
        requests,
    }
}
