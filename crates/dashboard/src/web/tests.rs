use super::{limited::MOST, *};
use crate::{
    LiveEvent, Outline, Reading,
    tests::{outline, shown},
};
use loadgen_driver::ErrorClass;
use loadgen_report::fixture::{MS, fail};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// Long enough for a machine that is busy with something else.
const LIMIT: Duration = Duration::from_secs(60);

fn state(seconds: u64) -> State {
    let outline = Outline {
        name: "watched".into(),
        load: "50 users".into(),
        series: ["all requests", "one", "two", "three"]
            .map(String::from)
            .to_vec(),
        ..outline()
    };
    let mut state = shown(outline, seconds, |snapshot| {
        fail(snapshot, ErrorClass::Timeout, "<b>late</b>", 400 * MS);
    });
    for second in 0..seconds {
        state.observe(&Reading {
            source: "app",
            metric: "connections",
            unit: "",
            at: second as f64,
            value: 3.0,
        });
    }
    state.events.push(LiveEvent {
        name: "slow".into(),
        at: 1.0,
        ok: true,
        message: "done".into(),
    });
    state
}

struct Serving {
    web: Web,
    states: watch::Sender<Arc<State>>,
}

fn serving() -> Serving {
    let web = Web::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let states = watch::Sender::new(Arc::new(State::default()));
    web.follow(states.subscribe());
    Serving { web, states }
}

impl Serving {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.web.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    fn ask(&self, path: &str, headers: &str) -> String {
        let mut stream = self.connect();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn watch(&self) -> Watching {
        let mut stream = self.connect();
        write!(stream, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        Watching(BufReader::new(stream))
    }

    fn show(&self, state: State) {
        self.states.send_replace(Arc::new(state));
    }
}

struct Watching(BufReader<TcpStream>);

impl Watching {
    /// The next event with its data.
    fn next(&mut self) -> (String, Value) {
        let mut event = String::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            if let Some(name) = line.strip_prefix("event: ") {
                event = name.trim().to_owned();
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return (event, serde_json::from_str(data).unwrap());
            }
        }
    }

    /// The next of this name.
    fn until(&mut self, name: &str) -> Value {
        loop {
            let (event, data) = self.next();
            if event == name {
                return data;
            }
        }
    }
}

#[test]
fn files_are_served_with_a_policy() {
    let serving = serving();
    for (path, kind, _) in FILES {
        let answer = serving.ask(path, "Host: 127.0.0.1\r\n");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(&format!("content-type: {kind}")), "{path}");
        assert!(answer.contains("content-security-policy: default-src 'none'"));
    }
    let missing = serving.ask("/missing", "Host: 127.0.0.1\r\n");
    assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
    assert!(serving.web.url().starts_with("http://127.0.0.1:"));
}

#[test]
fn strangers_are_refused() {
    let serving = serving();
    for headers in [
        "Host: evil.example\r\n",
        "Host: localhost\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nOrigin: null\r\n",
    ] {
        for path in ["/", "/events", "/missing"] {
            let answer = serving.ask(path, headers);
            assert!(answer.starts_with("HTTP/1.1 403"), "{headers}: {answer}");
        }
    }
    // Nothing can be changed.
    let mut stream = serving.connect();
    write!(
        stream,
        "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[test]
fn a_viewer_gets_the_whole_then_news_then_the_end() {
    let serving = serving();
    serving.show(state(3));
    let mut viewer = serving.watch();
    let mut whole = viewer.until("whole");
    // The state may come just after the viewer.
    if whole["series"].as_array().unwrap().is_empty() {
        whole = viewer.until("update");
    }
    let points = whole["points"].as_array().unwrap();
    assert_eq!(points.len(), 3);
    assert_eq!(points[2]["classes"]["timeout"], 1);
    assert_eq!(points[2]["y"][0][0], 101);
    assert_eq!(points[2]["y"][0][1], 1);
    let median = points[2]["y"][1][2][0].as_f64().unwrap();
    assert!((25e3..26.2e3).contains(&median), "{median}");
    let rows = points[2]["y"][1][3].as_array().unwrap();
    let counted: u64 = rows
        .iter()
        .skip(1)
        .step_by(2)
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(counted, 101);
    assert_eq!(whole["readings"][0]["points"].as_array().unwrap().len(), 3);
    assert_eq!(whole["now"]["classes"][0]["samples"][0], "<b>late</b>");
    assert_eq!(whole["now"]["events"][0]["name"], "slow");
    assert_eq!(whole["now"]["thresholds"][0]["ok"], true);
    assert_eq!(whole["now"]["rows"][0][2], "3");

    serving.show(state(4));
    let update = viewer.until("update");
    let points = update["points"].as_array().unwrap();
    assert_eq!(points.len(), 1, "only what is new");
    assert_eq!(points[0]["t"], 3);
    assert_eq!(update["readings"][0]["points"].as_array().unwrap().len(), 1);

    serving.web.end("PASSED: all 2 thresholds held", "passed");
    let end = viewer.until("end");
    assert_eq!(end["outcome"], "passed");
    // A viewer that connects now, or again, gets everything at once.
    let mut late = serving.watch();
    let whole = late.until("whole");
    assert_eq!(whole["name"], "watched");
    assert_eq!(whole["points"].as_array().unwrap().len(), 4);
    assert_eq!(
        late.until("end")["verdict"],
        "PASSED: all 2 thresholds held"
    );
}

#[test]
fn a_viewer_that_stalls_holds_nobody_up_and_is_told_everything_afterwards() {
    let serving = serving();
    let first = state(30);
    serving.show(first.clone());
    let mut stalled = serving.watch();
    let mut reading = serving.watch();
    stalled.until("whole");
    reading.until("whole");
    // Far more than sockets and buffers take.
    let mut state = first;
    for number in 0..400 {
        let text = format!("message {number}");
        state.messages = vec![text.clone(), "x".repeat(50_000)];
        serving.show(state.clone());
        // Whoever reads is told each.
        while reading.until("update")["now"]["messages"][0] != text.as_str() {}
    }
    serving.web.end("DONE", "done");
    assert_eq!(reading.until("end")["outcome"], "done");
    let mut wholes = 0;
    loop {
        match stalled.next() {
            (event, whole) if event == "whole" => {
                wholes += 1;
                assert_eq!(whole["points"].as_array().unwrap().len(), 30);
            }
            (event, _) if event == "end" => break,
            _ => {}
        }
    }
    assert!(wholes >= 1, "it had missed something");
}

#[test]
fn many_viewers_see_the_same() {
    let serving = serving();
    serving.show(state(2));
    let mut viewers: Vec<Watching> = (0..100).map(|_| serving.watch()).collect();
    for viewer in &mut viewers {
        viewer.until("whole");
    }
    serving.show(state(3));
    serving.web.end("DONE", "done");
    for viewer in &mut viewers {
        assert_eq!(viewer.until("end")["verdict"], "DONE");
    }
}

#[test]
fn connections_are_bounded() {
    let serving = serving();
    let mut open: Vec<TcpStream> = (0..MOST).map(|_| serving.connect()).collect();
    // All of them are served; one more waits until one goes.
    for stream in &mut open {
        write!(stream, "GET /live.css HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 1);
    }
    let mut waiting = serving.connect();
    write!(waiting, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    waiting
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    assert!(waiting.read(&mut [0; 1]).is_err());
    drop(open.pop());
    waiting.set_read_timeout(Some(LIMIT)).unwrap();
    assert_eq!(waiting.read(&mut [0; 1]).unwrap(), 1);
}

#[test]
fn an_address_that_is_taken_is_a_problem() {
    let serving = serving();
    let address = serving.web.address;
    assert!(Web::start(address).is_err());
    drop(serving.web);
    // The thread ends soon, and the address is free again.
    let deadline = Instant::now() + LIMIT;
    while Web::start(address).is_err() {
        assert!(Instant::now() < deadline);
        thread::sleep(POLL);
    }
}
