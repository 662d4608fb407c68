//! Tests that every form has the same metrics.

use super::{family::Family, k6, native, otlp, remote, state::State, text, *};
use loadgen_core::metric::{Counter, Timer};
use loadgen_driver::ErrorClass;
use loadgen_plan::{Settings, compile};
use loadgen_record::{Size, Snapshot};
use loadgen_scenario::{Inputs, parse};
use prost::Message;
use uuid::Uuid;

const MS: u64 = 1_000_000;

fn about() -> About {
    let text = "name = 'shop \"1\"'\n[target]\nurl = 'http://127.0.0.1:1'\n[load]\nusers = 1\n\
                [[task]]\nname = 'buy'\n[[task.step]]\nget = '/a'\n[[task.step]]\nname = 'b'\npost = '/b'\n";
    let run = Uuid::from_u128(7);
    let scenario = parse("x.toml".as_ref(), text.to_owned(), &Inputs::none()).unwrap();
    let plan = Arc::new(compile(&scenario, &Settings::new(run)).unwrap());
    About {
        scenario: plan.name.clone(),
        run_id: run.to_string(),
        plan,
        servers: Vec::new(),
    }
}

/// A second in which one request in ten failed.
fn second(number: u64) -> Snapshot {
    let mut snapshot = Snapshot::new(number, Size::new(2, 1, 0));
    snapshot.users = 5;
    snapshot.in_flight = 3;
    for time in 1..=100 {
        let step = &mut snapshot.steps[0];
        if time % 10 == 0 {
            step[Timer::Failed].record(time * MS);
            step.fail(ErrorClass::Status5xx, || "status 503".into());
        } else {
            step[Timer::Ok].record(time * MS);
        }
        step[Timer::Service].record(time * MS / 2);
        step.check(2, u64::from(time % 4 == 0));
    }
    snapshot.steps[0][Counter::BytesSent] = 1000;
    snapshot.tasks[0][Timer::Ok].record(7 * MS);
    snapshot.tasks[0][Counter::Dropped] = 2;
    snapshot
}

fn state() -> State {
    let mut state = State::new(about(), 2);
    (0..3).for_each(|number| state.add(second(number)));
    state
}

#[test]
fn a_page_of_our_own_names() {
    insta::assert_snapshot!(text::page(&native::families(&state())));
}

#[test]
fn a_page_of_k6s_names() {
    insta::assert_snapshot!(text::page(&k6::families(&state())));
}

#[test]
fn nothing_measured_is_no_figure() {
    let page = text::page(&native::families(&State::new(about(), 5)));
    assert!(!page.contains("quantile"), "{page}");
    assert!(!page.contains("NaN"), "{page}");
    let page = text::page(&k6::families(&State::new(about(), 5)));
    assert!(!page.contains("_p95"), "{page}");
}

#[test]
fn remote_write_says_the_same_as_the_page() {
    let families = native::families(&state());
    let (body, count) = remote::body(&families, 42).unwrap();
    let bytes = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
    let request = remote::WriteRequest::decode(&*bytes).unwrap();
    assert_eq!(request.timeseries.len() as u64, count);
    let page = text::page(&families);
    let lines: Vec<&str> = page.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len() as u64, count);
    for (series, line) in request.timeseries.iter().zip(lines) {
        assert!(
            series.labels.is_sorted_by(|a, b| a.name < b.name),
            "{series:?}"
        );
        assert_eq!(series.labels[0].name, "__name__");
        assert!(line.starts_with(&series.labels[0].value), "{line}");
        let [sample] = &series.samples[..] else {
            panic!("{series:?}")
        };
        assert_eq!(sample.timestamp, 42);
        assert!(line.ends_with(&format!(" {}", sample.value)), "{line}");
    }
}

#[test]
fn otlp_says_the_same() {
    use opentelemetry_proto::tonic::{
        collector::metrics::v1::ExportMetricsServiceRequest, metrics::v1::metric::Data,
    };
    let state = state();
    let families = native::families(&state);
    let (body, points) = otlp::body(&families, &state);
    let request = ExportMetricsServiceRequest::decode(&*body).unwrap();
    let resource = &request.resource_metrics[0];
    let name = &resource.resource.as_ref().unwrap().attributes[0];
    assert_eq!(name.key, "service.name");
    let metrics = &resource.scope_metrics[0].metrics;
    let by_name = |name: &str| metrics.iter().find(|metric| metric.name == name).unwrap();
    let Some(Data::Sum(requests)) = &by_name("loadgen_requests_total").data else {
        panic!("no sum")
    };
    assert!(requests.is_monotonic);
    let Some(Data::Summary(times)) = &by_name("loadgen_request_duration_seconds").data else {
        panic!("no summary")
    };
    assert_eq!(times.data_points[0].count, 300);
    assert_eq!(times.data_points[0].quantile_values.len(), 5);
    let series = |family: &Family| family.series.len() as u64;
    assert_eq!(points, families.iter().map(series).sum::<u64>());
}

#[test]
fn percentiles_are_of_the_last_interval_alone() {
    let mut state = State::new(about(), 2);
    state.add(second(0));
    let mut slow = Snapshot::new(1, Size::new(2, 1, 0));
    slow.steps[0][Timer::Ok].record(2_000 * MS);
    state.add(slow);
    state.add(Snapshot::new(2, Size::new(2, 1, 0)));
    let page = text::page(&native::families(&state));
    let line = page
        .lines()
        .find(|line| line.contains("request_duration_seconds{") && line.contains("\"0.5\""));
    let value: f64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!((2.0..2.01).contains(&value), "{value}");
    assert!(page.contains("request_duration_seconds_count{") && page.contains(" 101\n"));
}

/// Serves one connection: reads a request, then writes `head` and goes on for as long as it is read.
/// Gives how many bytes went out.
fn endless(listener: std::net::TcpListener, head: &'static str) -> std::thread::JoinHandle<usize> {
    use std::io::{Read, Write};
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let read = stream.read(&mut [0; 4096]).unwrap();
        assert!(read > 0);
        stream.write_all(head.as_bytes()).unwrap();
        let mut written = 0;
        while stream.write_all(&[b'x'; 65536]).is_ok() {
            written += 65536;
        }
        written
    })
}

#[tokio::test]
async fn a_response_without_an_end_is_not_read_to_it() {
    for (head, said) in [
        (
            "HTTP/1.1 200 OK\r\n\r\n",
            "its response has more than 65536 bytes",
        ),
        ("HTTP/1.1 400 No\r\n\r\n", "status 400 Bad Request: xxx"),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/write", listener.local_addr().unwrap());
        let serving = endless(listener, head);
        let receiver = receiver::Receiver::remote_write(url.parse().unwrap());
        receiver.queue(b"batch".to_vec(), 3);
        let words = receiver.finish().await.unwrap();
        assert!(
            words.starts_with("3 of 3 samples ") && words.contains(said),
            "{words}"
        );
        // The system buffers more on the way than is read.
        let written = serving.join().unwrap();
        assert!(written < 64 << 20, "{written} bytes");
    }
}

/// The status of the page that listens at `listen`, requested on this machine by the name `host`.
async fn page_status(listen: &str, named: &[String], host: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = std::net::TcpListener::bind((listen, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let _page = page::Page::serve(listener, named);
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_page_answers_to_names_that_no_stranger_can_own() {
    let named = ["runner.example.org".to_owned()];
    for (listen, host, status) in [
        ("127.0.0.1", "127.0.0.1:9464", "HTTP/1.1 200 OK"),
        ("127.0.0.1", "localhost:1", "HTTP/1.1 200 OK"),
        ("127.0.0.1", "runner.example.org", "HTTP/1.1 200 OK"),
        ("127.0.0.1", "10.0.0.1", "HTTP/1.1 403 Forbidden"),
        ("127.0.0.1", "evil.example", "HTTP/1.1 403 Forbidden"),
        ("127.0.0.1", "", "HTTP/1.1 403 Forbidden"),
        ("0.0.0.0", "10.0.0.1:9464", "HTTP/1.1 200 OK"),
        ("0.0.0.0", "loadgen", "HTTP/1.1 200 OK"),
        ("0.0.0.0", "runner.example.org", "HTTP/1.1 200 OK"),
        ("0.0.0.0", "evil.example", "HTTP/1.1 403 Forbidden"),
    ] {
        assert_eq!(
            page_status(listen, &named, host).await,
            status,
            "{listen} {host}"
        );
    }
}
