//! Metrics as a real Prometheus and a receiver of OTLP get them, against the result's own counts.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{metric::Data, number_data_point::Value as Number},
};
use prost::Message;
use serde_json::Value;
use std::{
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use test_support::{
    answer::{Answer, Then},
    loadgen::Loadgen,
    prometheus::{Prometheus, free_address, get},
    stalls::Stalls,
    truth::{Log, TruthServer},
};

const HOW_TO: &str = include_str!("../docs/how-to/live-metrics.md");

/// Three seconds in which every fourth request fails.
fn target() -> (TruthServer, String) {
    let server = TruthServer::start(Stalls::none(), |request| {
        let status = if request.number % 4 == 0 { 503 } else { 200 };
        Answer::new(status, "{}").after(Duration::from_millis(5))
    });
    let text = format!(
        "name = \"live\"\n[target]\nurl = \"{}\"\n[load]\nusers = 2\nduration = \"3s\"\nthink = \"20ms\"\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n",
        server.url()
    );
    (server, text)
}

/// The command of the how-to that has this flag, for the addresses of a test.
fn command(flag: &str, addresses: &[(&str, &str)]) -> Vec<String> {
    let line = HOW_TO
        .lines()
        .find(|line| line.starts_with("loadgen run ") && line.contains(flag))
        .unwrap_or_else(|| panic!("the how-to has no command with {flag}"));
    let mut line = line.trim_start_matches("loadgen ").to_owned();
    for (written, real) in addresses {
        assert!(line.contains(written), "{written} is not in {line}");
        line = line.replace(written, real);
    }
    line.split(' ').map(str::to_owned).collect()
}

fn loadgen(command: &[String], scenario: &str) -> Loadgen {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    Loadgen::new(&command)
        .args(&[
            "--dashboard",
            "off",
            "--json",
            "result.json",
            "--metrics-interval",
            "1s",
        ])
        .file("scenario.toml", scenario)
}

fn number(result: &Value, path: &str) -> f64 {
    result
        .pointer(path)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("no {path}"))
}

#[test]
fn prometheus_is_sent_and_scrapes_what_the_result_says() {
    let page = free_address();
    let prometheus = Prometheus::start(&page);
    prometheus.wait_for_scrapes();
    let (_server, scenario) = target();
    let addresses = [("127.0.0.1:9090", prometheus.address())];
    let mut command = command("--prometheus-remote-write", &addresses);
    command.extend(["--prometheus-listen".to_owned(), page.clone()]);
    let mut running = loadgen(&command, &scenario).start();
    running.wait_until("scraped", |_| {
        get(&page, "/metrics").is_some_and(|page| page.contains("loadgen_requests_total"))
    });
    let shown = get(&page, "/metrics").unwrap();
    let finished = running.finish();
    let result = finished.result();
    assert!(
        !result["warnings"].to_string().contains("could not be sent"),
        "{}",
        result["warnings"]
    );

    let run = result["run"]["id"].as_str().unwrap();
    let ok = number(&result, "/totals/count") - number(&result, "/totals/errors/count");
    for (what, count) in [
        ("loadgen_requests_total{outcome=\"ok\",RUN}", ok),
        (
            "loadgen_requests_total{outcome=\"status_5xx\",RUN}",
            number(&result, "/totals/errors/by_class/status_5xx"),
        ),
        (
            "loadgen_request_duration_seconds_count{RUN}",
            number(&result, "/totals/count"),
        ),
        (
            "loadgen_sent_bytes_total{RUN}",
            number(&result, "/totals/bytes_sent"),
        ),
        ("loadgen_task_runs_total{RUN,outcome=\"ok\"}", ok),
    ] {
        for job in ["job=\"\"", "job=\"scraped\""] {
            let series = what.replace("RUN", &format!("run_id=\"{run}\",{job}"));
            prometheus.wait_for(&format!("sum(max_over_time({series}[10m]))"), count);
        }
    }
    let series =
        format!("loadgen_request_duration_seconds{{quantile=\"0.5\",run_id=\"{run}\",job=\"\"}}");
    let median = prometheus
        .value(&format!("max_over_time({series}[10m])"))
        .unwrap();
    assert!((0.005..10.0).contains(&median), "{median}");

    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(shown.as_bytes())
        .unwrap();
    let said = promtool.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&said.stderr);
    assert!(
        said.status.success() && words.is_empty(),
        "{words}\n{shown}"
    );
}

#[test]
fn by_k6s_names() {
    let prometheus = Prometheus::start("127.0.0.1:1");
    let (_server, scenario) = target();
    let addresses = [("127.0.0.1:9090", prometheus.address())];
    let finished = loadgen(&command("--metric-names k6", &addresses), &scenario).run();
    let result = finished.result();
    let run = result["run"]["id"].as_str().unwrap();
    let count = number(&result, "/totals/count");
    prometheus.wait_for(
        &format!("sum(k6_http_reqs_total{{testid=\"{run}\"}})"),
        count,
    );
    let runs = number(&result, "/tasks/0/count");
    prometheus.wait_for(&format!("k6_iterations_total{{testid=\"{run}\"}}"), runs);
    let rate = number(&result, "/totals/errors/rate");
    let failed = prometheus.value(&format!("k6_http_req_failed_rate{{testid=\"{run}\"}}"));
    assert!((failed.unwrap() - rate).abs() < 1e-6, "{failed:?} {rate}");
    for figure in [
        "k6_vus_max",
        "k6_http_req_duration_p95",
        "k6_http_req_duration_p99",
    ] {
        let series = format!("max_over_time({figure}{{testid=\"{run}\"}}[10m])");
        assert!(prometheus.value(&series).is_some(), "no {figure}");
    }
}

#[test]
fn a_receiver_of_otlp_is_sent_the_same() {
    let receiver = TruthServer::start(Stalls::none(), |_| Answer::new(200, ""));
    let (_server, scenario) = target();
    let address = receiver.address().to_string();
    let command = command("--otlp-metrics", &[("127.0.0.1:4318", &address)]);
    let result = loadgen(&command, &scenario).run().result();
    let Log { others, .. } = receiver.stop();
    assert!(others.len() >= 3, "{} posts", others.len());
    let last = others.last().unwrap();
    assert_eq!(last.path, "/v1/metrics");
    assert_eq!(last.header("content-type"), Some("application/x-protobuf"));
    let request = ExportMetricsServiceRequest::decode(&*last.body).unwrap();
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let requests = metrics
        .iter()
        .find(|it| it.name == "loadgen_requests_total");
    let Some(Data::Sum(sum)) = &requests.unwrap().data else {
        panic!("no sum")
    };
    let values = sum.data_points.iter().map(|point| match point.value {
        Some(Number::AsDouble(value)) => value,
        _ => panic!("{point:?}"),
    });
    assert_eq!(values.sum::<f64>(), number(&result, "/totals/count"));
}

#[test]
fn a_receiver_that_hangs_or_is_not_there_slows_nothing_and_is_told_of() {
    let hung = TruthServer::start(Stalls::none(), |_| Answer::nothing().then(Then::Hang));
    let (server, scenario) = target();
    let command = command(
        "--otlp-metrics",
        &[("127.0.0.1:4318", &hung.address().to_string())],
    );
    let nobody = format!("http://me:hunter2@{}/write", free_address());
    let started = Instant::now();
    let finished = loadgen(&command, &scenario)
        .args(&["--prometheus-remote-write", &nobody])
        .run();
    // Three seconds of load, then five at most for each receiver, both at once.
    let longest = Duration::from_secs(60);
    assert!(started.elapsed() < longest, "{:?}", started.elapsed());
    let result = finished.result();
    assert!(
        matches!(finished.code(), Some(0 | 96)),
        "{}",
        finished.stderr
    );
    let warnings: Vec<&str> = result["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .filter(|warning| warning.contains("could not be sent"))
        .collect();
    let [first, second] = warnings[..] else {
        panic!("{warnings:?}")
    };
    let start = |warning: &str| {
        let words: Vec<&str> = warning.split(' ').collect();
        let count = |index: usize| words[index].parse::<u64>().unwrap();
        (count(0) > 0, count(0) == count(2))
    };
    assert_eq!((start(first), start(second)), ((true, true), (true, true)));
    assert!(
        first.contains("http://(redacted)@") && first.contains("refused"),
        "{first}"
    );
    assert!(second.contains("no response within 5s"), "{second}");
    assert!(!finished.stdout.contains("hunter2") && !result.to_string().contains("hunter2"));
    let served = server.stop().served.len() as f64;
    assert_eq!(number(&result, "/totals/count"), served);
}

#[test]
fn an_address_that_is_taken_is_told_before_the_run() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (_server, scenario) = target();
    let command = command("--prometheus-listen", &[("127.0.0.1:9464", &address)]);
    let finished = loadgen(&command, &scenario).run().expect_code(98);
    assert!(
        finished.stderr.contains("cannot listen for scrapes"),
        "{}",
        finished.stderr
    );
}
