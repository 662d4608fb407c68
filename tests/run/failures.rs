//! Failures: serving in their class, shown by a few samples, and in the latencies at what they took.

use super::{
    measured,
    result::{at, count, named},
    serving, silence, status,
};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{SocketAddr, TcpListener},
    thread::spawn,
};
use test_support::{
    answer::{Answer, Then},
    loadgen::Loadgen,
    request::Request,
    truth::TruthServer,
};

/// So many arrivals a second for a second; `step` is the rest of the only step.
fn second(url: &str, http: &str, rate: u64, step: &str) -> Value {
    let finished = Loadgen::scenario(&format!(
        "target.url = \"{url}\"\nhttp = {{ {http} }}\n\
         load = {{ rate = {rate}, duration = \"1s\" }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n{step}\n"
    ))
    .run();
    measured(&finished)
}

/// All of so many failed with this class; returns what was seen of one.
#[track_caller]
fn all_failed(result: &Value, class: &str, requests: u64) -> String {
    let totals = &result["totals"];
    assert_eq!(
        (count(totals, "count"), count(totals, "errors.count")),
        (requests, requests)
    );
    assert_eq!(totals["errors"]["by_class"], json!({ class: requests }));
    assert_eq!(at(totals, "errors.rate"), 1.0);
    assert!(totals["ok_latency_us"].is_null());
    assert_eq!(totals["failed_latency_us"], totals["latency_us"]);
    let samples = totals["errors"]["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 1, "alike: {samples:?}");
    assert_eq!(samples[0]["class"], class);
    samples[0]["message"].as_str().unwrap().to_owned()
}

#[test]
fn no_answer_in_time() {
    let server = serving(|_| silence());
    let result = second(&server.url(), "timeout = \"300ms\"", 20, "");
    let seen = all_failed(&result, "timeout", 20);
    assert_eq!(seen, "no complete answer within 300ms");
    let totals = &result["totals"];
    assert_eq!(count(totals, "unknown"), 20, "they may have done something");
    assert!(at(totals, "latency_us.min") >= 299_700.0, "{totals}");
    // A step's own bound beats that of all.
    let result = second(&server.url(), "timeout = \"1h\"", 5, "timeout = \"100ms\"");
    assert_eq!(
        all_failed(&result, "timeout", 5),
        "no complete answer within 100ms"
    );
}

/// The kernel answers as many connections as fit into the queue of the listener; that is one, the
/// first look whether it is there. The next ones wait for nothing.
#[test]
fn no_connection_in_time() {
    let socket = bound(0);
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let url = format!("http://{address}");
    let result = second(&url, "connect_timeout = \"200ms\"", 10, "");
    let seen = all_failed(&result, "timeout", 10);
    assert_eq!(seen, "no connection within 200ms");
    let totals = &result["totals"];
    assert_eq!(count(totals, "unknown"), 0, "nothing was sent");
    assert!(totals["service_us"].is_null() && totals["connect_us"].is_null());
    assert!(at(totals, "latency_us.min") >= 199_800.0);
}

#[test]
fn nobody_listens_any_more() {
    // One socket keeps the port to itself when the other, which listens, is gone.
    let keeper = bound(0);
    let address = keeper.local_addr().unwrap().as_socket().unwrap();
    let listener = bound(address.port());
    listener.listen(8).unwrap();
    // Takes the look before the run, and that is all.
    let listener = spawn(move || TcpListener::from(listener).accept().map(drop));
    let result = second(&format!("http://{address}"), "", 30, "");
    listener.join().unwrap().unwrap();
    let totals = &result["totals"];
    let classes: BTreeMap<String, u64> =
        serde_json::from_value(totals["errors"]["by_class"].clone()).unwrap();
    // The first may have come just before the listener went.
    let reset = classes.get("reset").copied().unwrap_or(0);
    assert_eq!(
        (classes["refused"] + reset, count(totals, "count")),
        (30, 30),
        "{classes:?}"
    );
    assert!(reset <= 5, "{classes:?}");
}

fn bound(port: u16) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], port)).into())
        .unwrap();
    socket
}

#[test]
fn statuses_and_what_was_expected() {
    let server = serving(|request| match &*request.path {
        "/work/500" => status(500),
        "/work/503" => status(503),
        "/work/404" => status(404),
        "/work/302" => status(302),
        "/work/204" => Answer::raw("HTTP/1.1 204 \r\n\r\n"),
        _ => Answer::new(200, "all is well"),
    });
    let cases = [
        ("/work/500", "", Some("status_5xx")),
        ("/work/503", "expect.status = 503", None),
        ("/work/503", "expect.status = 200", Some("status_5xx")),
        ("/work/404", "", Some("status_4xx")),
        ("/work/404", "expect.status = [200, 404]", None),
        ("/work/302", "", None),
        ("/work/302", "expect.status = 200", Some("expectation")),
        ("/work/204", "expect.status = \"2xx\"", None),
        ("/work/200", "expect.status = 201", Some("expectation")),
        ("/work/200", "expect.body = \"is well\"", None),
        (
            "/work/200",
            "expect.body = [\"all\", \"ill\"]",
            Some("expectation"),
        ),
    ];
    let mut text = format!("target.url = \"{}\"\n", server.url());
    for (number, (path, expect, _)) in cases.iter().enumerate() {
        text += &format!(
            "[[population]]\nname = \"p{number}\"\nload = {{ rate = 12, duration = \"1s\" }}\n\
             [[population.task]]\nname = \"t\"\n[[population.task.step]]\nget = \"{path}\"\n{expect}\n"
        );
    }
    let result = measured(&Loadgen::scenario(&text).run());
    for (number, (path, expect, class)) in cases.iter().enumerate() {
        let task = named(&result["tasks"], "id", &format!("p{number}/t"));
        let by_class = match class {
            Some(class) => json!({ *class: 12 }),
            None => json!({}),
        };
        assert_eq!(task["errors"]["by_class"], by_class, "{path} {expect}");
        assert_eq!((count(task, "count"), count(task, "unknown")), (12, 0));
    }
    let samples = result["totals"]["errors"]["samples"].as_array().unwrap();
    for (class, message) in [
        ("status_4xx", "status 404"),
        ("expectation", "status 302"),
        ("expectation", "the body does not contain `ill`"),
    ] {
        let found = samples
            .iter()
            .any(|it| it["class"] == class && it["message"] == message);
        assert!(found, "{message} is not in {samples:?}");
    }
}

/// Users that fail alike are shown once.
#[test]
fn of_each_class_ten_are_shown() {
    let server = serving(|request| status(400 + (request.number % 50) as u16));
    let result = second(&server.url(), "", 100, "");
    for stats in [&result["totals"], &result["steps"][0]] {
        assert_eq!(stats["errors"]["by_class"], json!({ "status_4xx": 100 }));
        let samples = stats["errors"]["samples"].as_array().unwrap();
        assert_eq!(samples.len(), 10);
        let messages: BTreeSet<&str> = samples
            .iter()
            .map(|it| it["message"].as_str().unwrap())
            .collect();
        assert_eq!(messages.len(), 10, "{samples:?}");
    }
}

#[test]
fn what_is_no_answer() {
    for (answer, class, unknown) in [
        (
            Answer::raw("I am no web server\r\n\r\n").then(Then::Close),
            "protocol",
            10,
        ),
        (Answer::nothing().then(Then::Close), "reset", 10),
        (Answer::nothing().then(Then::Reset), "reset", 10),
        (
            Answer::raw("HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\nhalf").then(Then::Close),
            "reset",
            0,
        ),
    ] {
        let server = serving(move |_| answer.clone());
        let result = second(&server.url(), "", 10, "");
        all_failed(&result, class, 10);
        assert_eq!(count(&result["totals"], "unknown"), unknown, "{class}");
    }
}

/// One slot, so that each request finds the connection that the one before has left.
fn in_turn(server: &TruthServer) -> Value {
    let text = format!(
        "target.url = \"{}\"\n\
         load = {{ rate = 20, duration = \"1s\", max_in_flight = 1 }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n",
        server.url()
    );
    let result = measured(&Loadgen::scenario(&text).run());
    assert_eq!(count(&result["totals"], "count"), 20);
    assert_eq!(result["totals"]["errors"]["count"], 0);
    result
}

#[test]
fn a_connection_that_went_unannounced_is_replaced_and_serving() {
    let server = serving(|_| status(200).then(Then::Close));
    let totals = &in_turn(&server)["totals"];
    assert_eq!(count(totals, "reconnects"), 19);
    assert_eq!(count(totals, "retries"), 0);
    assert_eq!(server.requests(), 20, "none was sent twice");
    assert_eq!(server.stop().connections, 1 + 20);
}

#[test]
fn a_connection_whose_end_was_announced_is_no_reconnect() {
    let text = "HTTP/1.1 200 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let server = serving(move |_| Answer::raw(text).then(Then::Close));
    assert_eq!(count(&in_turn(&server)["totals"], "reconnects"), 0);
    assert_eq!(server.stop().connections, 1 + 20);
}

#[test]
fn a_connection_that_is_kept_is_used_again() {
    let server = serving(|_| status(200));
    assert_eq!(count(&in_turn(&server)["totals"], "reconnects"), 0);
    assert_eq!(server.stop().connections, 1 + 1);
}

/// What a server repeats: an error with everything that it was sent, and more than is shown.
fn repeating(request: &Request) -> Answer {
    let said = [request.header("x-env"), request.header("authorization")];
    let said = said.map(Option::unwrap_or_default).join(" and ");
    let text = request.text();
    let more = "x".repeat(300);
    let body =
        format!(r#"{{"error":"<b>no</b>","token":"t0k3n","said":"{said}","text":"{text}{more}"#);
    Answer::new(409, &body)
}

#[test]
fn a_sample_tells_why_and_no_secret() {
    let server = serving(repeating);
    let url = server.url();
    let finished = Loadgen::scenario(&format!(
        r#"
        target.url = "{url}"
        load = {{ users = 1, iterations = 1 }}
        data.api_token = {{ list = ["drawn-token"] }}
        [[task]]
        name = "order"
        [[task.step]]
        post = "/work/orders?key=written-key&n=1"
        headers = {{ x-env = "${{PART}}" }}
        basic = {{ user = "ada", password = "{{{{api_token}}}}" }}
        body = "{{{{api_token}}}}"
        expect = {{ status = 201 }}
        "#
    ))
    .env("PART", "value-of-the-environment")
    .args(&["--html", "report.html"])
    .run();
    let result = measured(&finished);
    let sample = &result["steps"][0]["errors"]["samples"][0];
    assert_eq!(sample["message"], "status 409");
    assert_eq!(sample["status"], 409);
    assert_eq!(sample["expected"], "status 201");
    let request = format!("POST {url}/work/orders?key=(redacted)&n=1");
    assert_eq!(sample["request"], request);
    let body = sample["body"].as_str().unwrap();
    let start = r#"{"error":"<b>no</b>","token":"(redacted)","said":"${PART} and "#;
    assert!(body.starts_with(start), "{body}");
    assert!(body.contains(r#""text":"{{api_token}}xxx"#), "{body}");
    assert!(body.ends_with('…') && body.chars().count() < 250, "{body}");

    let page = std::fs::read_to_string(finished.path("report.html")).unwrap();
    assert!(
        finished.stdout.contains("expected status 201"),
        "{}",
        finished.stdout
    );
    assert!(page.contains("expected status 201") && !page.contains("<b>no</b>"));
    for shown in [&finished.stdout, &result.to_string(), &page] {
        for secret in [
            "drawn-token",
            "written-key",
            "t0k3n",
            "value-of-the-environment",
        ] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

#[test]
fn a_failing_setup_and_a_failing_login_tell_why() {
    for (steps, code) in [("setup", 98), ("user_start", 99)] {
        let server = serving(|_| Answer::new(401, r#"{"error":"no such user"}"#));
        let url = server.url();
        let finished = Loadgen::scenario(&format!(
            "target.url = \"{url}\"\nload = {{ users = 1, iterations = 1 }}\n\
             [[{steps}.step]]\npost = \"/work/login\"\n\
             [[task]]\nname = \"t\"\nstep = [{{ get = \"/work\" }}]\n"
        ))
        .run()
        .expect_code(code);
        // Lines of a report break where they are too long.
        let shown = finished.stdout.clone() + &finished.stderr;
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "status 401",
            "expected any status below 400",
            &format!("POST {url}/work/login"),
            "no such user",
        ] {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
    }
}
