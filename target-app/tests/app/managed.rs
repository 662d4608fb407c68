//! The life of the process, managed and in the foreground.

use nix::sys::signal::Signal;
use reqwest::StatusCode;
use std::io::Write;
use std::net::TcpStream;

use crate::harness::client;
use crate::process::{Process, is_empty};

const MANAGED: [&str; 4] = ["orders", "--managed", "--port", "0"];

async fn health(url: &str) -> Result<StatusCode, reqwest::Error> {
    let answer = client().get(format!("{url}/health")).send().await?;
    Ok(answer.status())
}

fn url(report: &serde_json::Value, index: usize) -> String {
    report["services"][index]["url"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn it_reports_ready_and_ends_with_its_stdin() {
    let mut process = Process::spawn(&["--managed", "--port", "0"]);
    let report = process.report();
    assert_eq!(report["ready"], true);
    let data_dir = report["data_dir"].as_str().unwrap();
    assert!(std::path::Path::new(data_dir).starts_with(process.tmp.path()));
    for (index, name) in ["orders", "weather"].into_iter().enumerate() {
        assert_eq!(report["services"][index]["name"], name);
        assert_eq!(health(&url(&report, index)).await.unwrap(), StatusCode::OK);
        assert!(
            std::path::Path::new(data_dir)
                .join(format!("{name}.db"))
                .exists()
        );
    }
    // The parent's input means nothing.
    let stdin = process.child.stdin.as_mut().unwrap();
    stdin.write_all(b"hello\n").unwrap();
    assert_eq!(health(&url(&report, 0)).await.unwrap(), StatusCode::OK);

    process.close_stdin();
    let (status, out, err) = process.end();
    assert!(
        status.success() && out.is_empty() && err.is_empty(),
        "{status} {out} {err}"
    );
    assert!(process.is_tidy());
    assert!(health(&url(&report, 0)).await.unwrap_err().is_connect());
}

#[tokio::test]
async fn it_ends_while_it_is_still_seeding() {
    let mut process = Process::spawn(&["weather", "--managed", "--port", "0"]);
    process.wait_for_data("weather.db-wal");
    process.close_stdin();
    let (status, _, err) = process.end();
    assert!(status.success() && err.is_empty(), "{status} {err}");
    assert!(process.is_tidy());
}

#[tokio::test]
async fn it_ends_when_stdin_was_closed_all_along() {
    let mut process = Process::spawn(&MANAGED);
    process.close_stdin();
    let (status, _, err) = process.end();
    assert!(status.success() && err.is_empty(), "{status} {err}");
    assert!(process.is_tidy());
}

#[tokio::test]
async fn it_ends_in_spite_of_requests_that_never_do() {
    let mut process = Process::spawn(&MANAGED);
    let report = process.report();
    let address = url(&report, 0).replace("http://", "");
    let mut half = TcpStream::connect(address).unwrap();
    let head = "POST /api/order HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    half.write_all(head.as_bytes()).unwrap();
    assert_eq!(health(&url(&report, 0)).await.unwrap(), StatusCode::OK);
    process.close_stdin();
    let (status, _, err) = process.end();
    assert!(status.success() && err.is_empty(), "{status} {err}");
    assert!(process.is_tidy());
}

#[tokio::test]
async fn sigint_and_sighup_are_the_parents_and_sigterm_is_its_own() {
    let mut process = Process::spawn(&MANAGED);
    let report = process.report();
    process.signal(Signal::SIGINT);
    process.signal(Signal::SIGINT);
    process.signal(Signal::SIGHUP);
    assert_eq!(health(&url(&report, 0)).await.unwrap(), StatusCode::OK);
    process.signal(Signal::SIGTERM);
    let (status, _, err) = process.end();
    assert!(status.success() && err.is_empty(), "{status} {err}");
    assert!(process.is_tidy());
}

#[tokio::test]
async fn a_start_that_fails_is_reported_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut process = Process::spawn(&["orders", "--managed", "--port", &port]);
    let report = process.report();
    assert_eq!(report["ready"], false);
    assert!(
        report["error"].as_str().unwrap().contains(&port),
        "{report}"
    );
    let (status, out, err) = process.end();
    assert_eq!((status.code(), out.as_str()), (Some(1), ""));
    assert!(err.starts_with("error: cannot listen on"), "{err}");
    assert!(process.is_tidy());
}

#[tokio::test]
async fn a_database_that_was_named_stays() {
    let kept = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}/orders.db", kept.path().display());
    let mut args = MANAGED.to_vec();
    args.extend(["--database", &database]);
    let mut process = Process::spawn(&args);
    let report = process.report();
    assert_eq!(
        (&report["ready"], &report["data_dir"]),
        (&true.into(), &().into())
    );
    process.close_stdin();
    assert!(process.end().0.success());
    assert!(process.is_tidy() && !is_empty(kept.path()));
}

#[tokio::test]
async fn in_the_foreground_either_signal_ends_it() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut process = Process::spawn(&["orders", "--port", "0"]);
        // Not its parent's: it outlives its stdin.
        process.close_stdin();
        let line = process.line();
        let url = line.split_whitespace().nth(1).unwrap();
        assert!(
            line.starts_with("orders ") && url.starts_with("http://127.0.0.1:"),
            "{line}"
        );
        assert!(process.line().contains("removed at the end"));
        assert_eq!(health(url).await.unwrap(), StatusCode::OK);
        process.signal(signal);
        let (status, _, err) = process.end();
        assert!(status.success() && err.is_empty(), "{status} {err}");
        assert!(process.is_tidy());
    }
}
