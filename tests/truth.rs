//! The promise of the whole: the percentiles that loadgen reports are those that an exact replay
//! of the schedule gives, against a server that stalls for a second in every five.

use serde_json::Value;
use std::time::Duration;
use test_support::{
    answer::Answer,
    loadgen::Loadgen,
    replay::{Visit, even_arrivals, percentile, replay},
    stalls::{Nanos, Stalls},
    truth::{MEASURED, TruthServer},
};

const RATE: u64 = 1_000;
const CONNECTIONS: usize = 50;
const LENGTH: Duration = Duration::from_secs(10);

/// Largest relative error of a reported percentile.
const TOLERANCE: f64 = 0.02;

#[test]
fn percentiles_are_those_of_the_exact_schedule() {
    let second = Duration::from_secs(1);
    let stalls = Stalls::periodic(5 * second, 3 * second..4 * second, 2);
    let work = Duration::from_millis(10);
    let server = TruthServer::start(stalls.clone(), move |_| Answer::new(200, "{}").after(work));

    let finished = Loadgen::scenario(&format!(
        r#"
[target]
url = "{}"
[load]
rate = "{RATE}/s"
arrivals = "constant"
max_in_flight = {CONNECTIONS}
duration = "{}s"
[[task]]
name = "get"
[[task.step]]
get = "{MEASURED}"
"#,
        server.url(),
        LENGTH.as_secs(),
    ))
    .alone()
    .run()
    .expect_code(0);
    let log = server.stop();
    let totals = &finished.result()["totals"];

    let arrivals = even_arrivals(RATE, LENGTH);
    assert_eq!(log.problems, [""; 0]);
    assert_eq!(log.served.len(), arrivals.len());
    assert_eq!(totals["count"], arrivals.len());
    assert_eq!(
        (&totals["dropped"], &totals["interrupted"]),
        (&0.into(), &0.into())
    );

    let (worked, idle) = (log.work(&stalls), log.turnarounds(&arrivals));
    let replayed = |turnaround: &dyn Fn(usize) -> Nanos| {
        replay(&arrivals, CONNECTIONS, &stalls, |n| worked[n], turnaround)
    };
    // A machine without time to spare lets connections stand idle while arrivals wait for them. The
    // server saw for how long, and so the truth lies between that and a perfect client; where there
    // is time the two are the same.
    let (perfect, real) = (replayed(&|_| 0), replayed(&|n| idle[n]));
    for (name, percent) in [("p90", 90.0), ("p95", 95.0), ("p99", 99.0), ("max", 100.0)] {
        let truth = |visits: &[Visit]| percentile(visits.iter().map(Visit::response), percent);
        let (least, most) = (truth(&perfect), truth(&real));
        let reported = nanoseconds(&totals["latency_us"][name]) as f64;
        assert!(
            reported >= least as f64 * (1.0 - TOLERANCE)
                && reported <= most as f64 * (1.0 + TOLERANCE),
            "{name} is {reported} ns and should be {least} to {most} ns"
        );
    }

    // A connection is only ever held up by a stall, while an arrival waits for a connection too.
    let service = |name: &str| nanoseconds(&totals["service_us"][name]);
    assert!(service("p95") < nanoseconds(&totals["latency_us"]["p95"]) / 4);
    assert!(service("max") > 900_000_000);
}

fn nanoseconds(microseconds: &Value) -> Nanos {
    (microseconds.as_f64().expect("a number") * 1e3) as Nanos
}
