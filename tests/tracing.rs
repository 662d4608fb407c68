//! Trace context and spans, against what the servers were sent.

use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse},
    trace::v1::span::SpanKind,
};
use prost::Message;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use test_support::{
    answer::{Answer, Then},
    loadgen::{Finished, Loadgen},
    otlp::{self, Span},
    request::Request,
    stalls::Stalls,
    truth::{Log, Served, TruthServer},
};

const HOW_TO: &str = include_str!("../docs/how-to/tracing.md");

/// Users, each with so many requests.
const USERS: u64 = 10;
const REQUESTS: u64 = 60;

/// Service time of the very first requests.
const SLOW: Duration = Duration::from_secs(2);

fn is_slow(request: &Request) -> bool {
    request.number < USERS
}

fn fails(request: &Request) -> bool {
    (100..110).contains(&request.number)
}

fn work(request: &Request) -> Duration {
    match is_slow(request) {
        true => SLOW,
        false => Duration::from_millis(2),
    }
}

fn target() -> TruthServer {
    TruthServer::start(Stalls::none(), |request| {
        let status = if fails(request) { 503 } else { 200 };
        Answer::new(status, "{}").after(work(request))
    })
}

/// `more` stands where keys of `[http]` do.
fn scenario(server: &TruthServer) -> String {
    format!(
        "name = \"traced\"\n[target]\nurl = \"{}\"\n[load]\nusers = {USERS}\niterations = {REQUESTS}\n\
         [data]\nid = {{ sequence = {{}} }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work?id={{{{id}}}}\"\n",
        server.url()
    )
}

fn collector() -> TruthServer {
    TruthServer::start(Stalls::none(), |_| Answer::new(200, ""))
}

/// The command of the how-to that has this flag, and sends spans to `collector`.
fn command(flag: &str, collector: &TruthServer) -> Vec<String> {
    let line = HOW_TO
        .lines()
        .filter_map(|line| line.split_once("loadgen run "))
        .find(|(_, line)| line.contains(flag))
        .unwrap_or_else(|| panic!("the how-to has no command with {flag}"));
    let address = collector.address().to_string();
    let line = format!("run {}", line.1.replace("127.0.0.1:4318", &address));
    line.split(' ').map(str::to_owned).collect()
}

fn loadgen(command: &[String]) -> Loadgen {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    Loadgen::new(&command).args(&["--dashboard", "off", "--json", "result.json"])
}

/// Trace, span and sampled flag.
type Context = (String, String, bool);

fn context(served: &Served) -> Context {
    let value = served.request.header("traceparent");
    let parts: Vec<&str> = value.expect("a trace context").split('-').collect();
    let [version, trace, span, flags] = parts[..] else {
        panic!("{parts:?}")
    };
    let hex = |text: &str| text.bytes().all(|b| b"0123456789abcdef".contains(&b));
    assert!(version == "00" && hex(trace) && hex(span), "{parts:?}");
    assert_eq!((trace.len(), span.len()), (32, 16));
    assert!(flags == "00" || flags == "01", "{flags}");
    (trace.to_owned(), span.to_owned(), flags == "01")
}

fn contexts(log: &Log) -> Vec<Context> {
    log.served.iter().map(context).collect()
}

fn ids(requests: &Value) -> BTreeSet<String> {
    let requests = requests.as_array().expect("a list of requests").iter();
    let id = |request: &Value| request["trace_id"].as_str().unwrap().to_owned();
    requests.map(id).collect()
}

/// Traces of the requests that the server has treated like this.
fn those(log: &Log, which: fn(&Request) -> bool) -> BTreeSet<String> {
    let served = log.served.iter().filter(|served| which(&served.request));
    served.map(|served| context(served).0).collect()
}

fn unix_nanos() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}

fn check_spans(spans: &[Span], log: &Log, run: &Value, (began, ended): (u64, u64)) {
    let of_sampled: BTreeSet<(String, String)> = contexts(log)
        .into_iter()
        .filter_map(|(trace, span, sampled)| sampled.then_some((trace, span)))
        .collect();
    let sent = spans.iter().map(|it| (it.trace.clone(), it.id.clone()));
    let sent: BTreeSet<(String, String)> = sent.collect();
    assert_eq!(sent.len(), spans.len(), "a span was sent twice");
    assert!(sent == of_sampled, "{} {}", sent.len(), of_sampled.len());
    let served: BTreeMap<String, &Served> = log
        .served
        .iter()
        .map(|served| (context(served).0, served))
        .collect();
    for span in spans {
        let served = served[&span.trace];
        let failed = fails(&served.request);
        assert_eq!(
            (span.service.as_str(), span.kind),
            ("loadgen", SpanKind::Client)
        );
        assert_eq!((span.parent.as_str(), span.failed), ("", failed));
        assert_eq!(span.name, "GET /work?id={{id}}");
        let took = Duration::from_nanos(span.end - span.start);
        assert!(took >= work(&served.request), "{span:?} {served:?}");
        assert!(began <= span.start && span.end <= ended, "{span:?}");
        let attribute = |name: &str| span.attributes.get(name).map(String::as_str);
        assert_eq!(attribute("http.request.method"), Some("GET"));
        let status = if failed { "503" } else { "200" };
        assert_eq!(attribute("http.response.status_code"), Some(status));
        let error = failed.then_some("status_5xx");
        assert_eq!(attribute("error.type"), error);
        assert_eq!(attribute("server.address"), Some("127.0.0.1"));
        assert_eq!(attribute("loadgen.step"), run["steps"][0]["id"].as_str());
    }
}

#[test]
fn traces_are_those_that_the_server_saw() {
    let (server, collector) = (target(), collector());
    let began = unix_nanos();
    let finished = loadgen(&command("--trace=25%", &collector))
        .args(&["--html", "report.html", "--out", "out"])
        .file("scenario.toml", &scenario(&server))
        .run();
    let ended = unix_nanos();
    let result = finished.result();
    let log = server.stop();
    let contexts = contexts(&log);
    let total = USERS * REQUESTS;
    assert_eq!(contexts.len() as u64, total);
    let traces: BTreeSet<&String> = contexts.iter().map(|(trace, ..)| trace).collect();
    assert_eq!(traces.len() as u64, total, "a trace of two requests");
    // By the rule that OpenTelemetry has for it, and so about a quarter of them.
    for (trace, _, sampled) in &contexts {
        let random = u64::from_str_radix(&trace[18..], 16).unwrap();
        assert_eq!(*sampled, random >= 3 << 54, "{trace}");
    }
    let sampled = contexts.iter().filter(|(.., sampled)| *sampled).count();
    let deviation = (total as f64 * 0.25 * 0.75).sqrt();
    let off = (sampled as f64 - total as f64 * 0.25).abs();
    assert!(off < 7.0 * deviation, "{sampled} of {total}");
    let posts = collector.stop().others;
    check_spans(&otlp::spans(&posts), &log, &result, (began, ended));

    let step = &result["steps"][0];
    let slow = those(&log, is_slow);
    let failed = those(&log, fails);
    assert_eq!(ids(&step["slowest"]), slow);
    assert_eq!(ids(&step["failed"]), failed);
    for request in step["slowest"].as_array().unwrap() {
        let id = request["trace_id"].as_str().unwrap();
        let (.., sampled) = contexts.iter().find(|(trace, ..)| trace == id).unwrap();
        assert_eq!(request["sampled"], *sampled);
        assert!(request["latency_us"].as_f64().unwrap() >= SLOW.as_micros() as f64);
        assert!(request["t_s"].as_f64().unwrap() >= SLOW.as_secs_f64());
        assert_eq!(request["outcome"], "ok");
    }
    let samples = &step["errors"]["samples"];
    assert!(ids(samples).is_subset(&failed) && !ids(samples).is_empty());
    shown(&finished, &slow, &failed);

    // The journal, written while the run goes on, has the same.
    let journal = std::fs::read_to_string(finished.path("out/intervals.jsonl")).unwrap();
    let again = Loadgen::retold(&journal).result();
    assert_eq!(again["steps"], result["steps"]);
}

/// The summary names some, the page all of these few.
fn shown(finished: &Finished, slow: &BTreeSet<String>, failed: &BTreeSet<String>) {
    let page = std::fs::read_to_string(finished.path("report.html")).unwrap();
    for (title, ids) in [("Slowest requests", slow), ("Failed requests", failed)] {
        assert!(finished.stdout.contains(title), "{}", finished.stdout);
        let named = |text: &str| ids.iter().filter(|id| text.contains(*id)).count();
        assert_eq!((named(&finished.stdout), named(&page)), (5, ids.len()));
    }
}

#[test]
fn a_collector_that_hangs_slows_nothing_and_every_span_is_accounted_for() {
    let server = TruthServer::steady(Duration::from_millis(2));
    let hung = TruthServer::start(Stalls::none(), |_| Answer::nothing().then(Then::Hang));
    let started = Instant::now();
    let finished = loadgen(&command("--trace=25%", &hung))
        .file("scenario.toml", &scenario(&server))
        .run();
    // A second of load, then five at most for the collector.
    assert!(started.elapsed() < Duration::from_secs(60));
    let contexts = contexts(&server.stop());
    assert_eq!(contexts.len() as u64, USERS * REQUESTS);
    let sampled = contexts.iter().filter(|(.., sampled)| *sampled).count();
    let told = format!("{sampled} of {sampled} spans could not be sent to http://");
    let warnings = finished.result()["warnings"].to_string();
    assert!(warnings.contains(&told), "{told}: {warnings}");
}

#[test]
fn spans_that_a_collector_rejects_are_told() {
    let server = TruthServer::steady(Duration::from_millis(2));
    let picky = TruthServer::start(Stalls::none(), |_| {
        let body = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 1,
                error_message: "too\nold".to_owned(),
            }),
        };
        let body = body.encode_to_vec();
        let head = format!("HTTP/1.1 200 \r\nContent-Length: {}\r\n\r\n", body.len());
        Answer::raw([head.into_bytes(), body].concat())
    });
    let finished = loadgen(&command("--trace=25%", &picky))
        .file("scenario.toml", &scenario(&server))
        .run();
    let sampled = contexts(&server.stop());
    let sampled = sampled.iter().filter(|(.., sampled)| *sampled).count();
    let posts = picky.stop().others.len();
    let told = format!("{posts} of {sampled} spans could not be sent");
    let warnings = finished.result()["warnings"].to_string();
    assert!(warnings.contains(&told), "{told}: {warnings}");
    assert!(warnings.contains("it rejected them: too old"), "{warnings}");
}

#[test]
fn what_is_cut_off_is_among_the_slowest_and_what_is_not_traced_carries_nothing() {
    let server = TruthServer::start(Stalls::none(), |request| {
        let work = match request.path.ends_with("last") {
            true => Duration::from_secs(60),
            false => Duration::ZERO,
        };
        Answer::new(200, "{}").after(work)
    });
    let text = format!(
        "[target]\nurl = \"{}\"\n[load]\nusers = 1\nduration = \"1s\"\ngraceful_stop = \"0s\"\n[trace]\n\
         [[setup.step]]\npost = \"/prepare\"\n[[task]]\nname = \"t\"\n\
         [[task.step]]\nget = \"/work/own\"\nheaders = {{ traceparent = \"mine\" }}\n\
         [[task.step]]\nget = \"/work/last\"\n",
        server.url()
    );
    let result = Loadgen::scenario(&text).run().result();
    let log = server.stop();
    assert_eq!(
        log.others[0].header("traceparent"),
        None,
        "a setup is traced"
    );
    assert_eq!(log.served[0].request.header("traceparent"), Some("mine"));
    let [own, last] = &result["steps"].as_array().unwrap()[..] else {
        panic!("{}", result["steps"])
    };
    assert!(own.get("slowest").is_none(), "{own}");
    let slowest = last["slowest"].as_array().unwrap();
    assert_eq!(slowest.len(), 1);
    assert_eq!(slowest[0]["outcome"], "interrupted");
    assert_eq!(slowest[0]["sampled"], true);
    assert_eq!(result["plan"]["trace"]["sample"], 1.0);
}

#[test]
fn one_trace_goes_through_loadgen_and_the_shop() {
    let collector = collector();
    let (_, rest) = HOW_TO.split_once("```toml\n").unwrap();
    let (shop, _) = rest.split_once("```").unwrap();
    let finished = loadgen(&command("traced-shop.toml", &collector))
        .file("traced-shop.toml", shop)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())
        .run();
    let result = finished.result();
    let spans = otlp::spans(&collector.stop().others);
    let (own, others): (Vec<&Span>, Vec<&Span>) =
        spans.iter().partition(|span| span.service == "loadgen");
    assert_eq!(
        own.len() as u64,
        result["totals"]["count"].as_u64().unwrap()
    );
    let shop = |span: &&&Span| span.name == "product_service.get_products";
    let served: Vec<&&Span> = others.iter().filter(shop).collect();
    assert_eq!(own.len(), served.len(), "{}", finished.stderr);
    for span in own {
        let below = |other: &&&&Span| other.trace == span.trace && other.parent == span.id;
        let server = served.iter().find(below);
        let server = server.unwrap_or_else(|| panic!("nothing continues {span:?}"));
        assert_eq!(server.kind, SpanKind::Server);
        let statement = others.iter().find(|other| other.parent == server.id);
        assert_eq!(statement.map(|it| it.trace.as_str()), Some(&*span.trace));
    }
}

#[test]
fn spans_without_traces_are_a_wrong_command_line() {
    let text = "[target]\nurl = \"http://127.0.0.1:1\"\n[load]\nusers = 1\n\
                [[task]]\nname = \"t\"\n[[task.step]]\nget = \"/\"\n";
    let finished = Loadgen::scenario(text)
        .args(&["--otlp-traces", "http://127.0.0.1:4318"])
        .run()
        .expect_code(2);
    assert!(
        finished.stderr.contains("give --trace"),
        "{}",
        finished.stderr
    );
}
