//! Time to first byte, against a server that sends the head after a known time and the body after
//! another.

use super::result::{at, check};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread::{sleep, spawn},
    time::Duration,
};
use test_support::loadgen::Loadgen;

const HEAD_AFTER: Duration = Duration::from_millis(100);
const BODY_AFTER: Duration = Duration::from_millis(150);

/// Answers each request on a connection until the other side goes.
fn answer(mut connection: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    loop {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
        }
        sleep(HEAD_AFTER);
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        connection.write_all(head).ok()?;
        sleep(BODY_AFTER);
        connection.write_all(b"ok").ok()?;
    }
}

#[test]
fn it_is_in_results_thresholds_and_the_summary() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    spawn(move || {
        for connection in listener.incoming().flatten() {
            spawn(move || answer(connection));
        }
    });
    // The first threshold cannot hold, the others must.
    let finished = Loadgen::scenario(&format!(
        "thresholds = ['ttfb.max < 50ms', 'ttfb.min >= 100ms', 'service.min >= 250ms', 'ttfb.p95 < 1m']\n\
         target.url = 'http://{address}'\n\
         load = {{ users = 2, iterations = 3 }}\n\
         [[task]]\nname = 'get'\n[[task.step]]\nget = '/'\n"
    ))
    .run()
    .expect_code(99);
    let result = finished.result();
    check(&result);
    let totals = &result["totals"];
    assert!(at(totals, "ttfb_us.min") >= 100e3 - 0.1);
    assert!(at(totals, "service_us.min") >= 250e3 - 0.1);
    assert_eq!(result["steps"][0]["ttfb_us"], totals["ttfb_us"]);
    let held: Vec<_> = result["thresholds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["ok"])
        .collect();
    assert_eq!(held, [false, true, true, true]);
    assert_eq!(result["thresholds"][0]["unit"], "ms");
    let shown = &finished.stdout;
    assert!(shown.contains("Time to first byte"), "{shown}");
}
