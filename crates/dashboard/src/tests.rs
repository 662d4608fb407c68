use super::{outline::Limit, outline::stages, *};
use loadgen_core::{
    metric::{Counter, Timer},
    time::SECOND,
};
use loadgen_driver::ErrorClass;
use loadgen_gate::Judge;
use loadgen_plan::{
    Arrivals, Curve, Load, Threshold,
    load::{Closed, Open, Think},
    threshold::Scopes,
};
use loadgen_record::{Collector, RunTotals, Size, Snapshot};
use loadgen_report::{
    fixture::{MS, fail, labels, p95, threshold},
    terminal::TerminalStyle,
};
use std::time::Duration;

const WIDE: TerminalStyle = TerminalStyle {
    colour: false,
    unicode: true,
    width: 100,
};

pub(super) fn thresholds() -> Vec<Threshold> {
    vec![
        p95(300),
        threshold("error_rate < 1%"),
        Threshold {
            after: Duration::from_secs(60),
            ..p95(20)
        },
    ]
}

fn spike() -> Load {
    Load::Closed(Closed {
        users: Curve::default()
            .then(Duration::ZERO, 50.0)
            .then(Duration::from_secs(10), 50.0)
            .then(Duration::from_secs(5), 500.0)
            .then(Duration::from_secs(5), 50.0)
            .then_hold(),
        duration: Some(Duration::from_secs(20)),
        think: Think::None,
        pacing: None,
        iterations: Default::default(),
        ramp_down: None,
    })
}

pub(super) fn outline() -> Outline {
    Outline {
        duration: Some(20 * SECOND),
        stages: stages(&spike(), Duration::ZERO),
        users: true,
        thresholds: thresholds()
            .iter()
            .map(|threshold| {
                Limit::of(
                    threshold,
                    Scopes {
                        tasks: &[],
                        groups: &[],
                    },
                )
            })
            .collect(),
        ..Outline::default()
    }
}

/// Returns a state after this many seconds of 100 requests each, slower from one second to the
/// next.
pub(super) fn shown(outline: Outline, seconds: u64, change: impl Fn(&mut Snapshot)) -> State {
    let (steps, tasks) = labels();
    let mut collector = Collector::new(1, Size::new(steps.len(), tasks.len(), 0));
    let mut judge = Judge::new(&thresholds(), &steps);
    let mut state = State::with_details(outline);
    for second in 0..seconds {
        let mut snapshot = Snapshot::new(second, Size::new(steps.len(), tasks.len(), 0));
        snapshot.users = 50;
        snapshot.in_flight = 7;
        for request in 0..100 {
            let time = (second * 10 + request / 10 + 1) * MS;
            snapshot.steps[0][Timer::Ok].record(time);
            snapshot.tasks[0][Timer::Ok].record(time);
            snapshot.tasks[0][Counter::Offered] += 1;
        }
        change(&mut snapshot);
        for snapshot in collector.absorb(0, snapshot) {
            judge.update(&snapshot, collector.totals());
            state.update(&snapshot, collector.totals(), judge.standings());
        }
    }
    state
}

fn screen(state: &State, style: &TerminalStyle) -> String {
    render::progress(state, style).join("\n")
}

#[test]
fn in_the_first_second() {
    insta::assert_snapshot!(screen(&shown(outline(), 1, |_| {}), &WIDE), @r"
    █░░░░░░░░░░░░░░░░░░░ 1s of 20s · stage 1 of 3: 50 users
      50 users · 7 in flight · no errors
      last 1s: 100.0/s · p50 5.00 ms · p95 10.0 ms · p99 10.0 ms
      ✓ p95 < 300ms  10ms   ✓ error_rate < 1%  0%   ? p95 < 20ms
    ");
}

#[test]
fn with_errors_in_a_ramp() {
    let state = shown(outline(), 12, |snapshot| {
        if snapshot.second > 8 {
            fail(snapshot, ErrorClass::Timeout, "no answer", 400 * MS);
            fail(snapshot, ErrorClass::Timeout, "no answer", 400 * MS);
        }
        snapshot.queued = 12;
        snapshot.tasks[0][Counter::Dropped] = 1_000;
    });
    insta::assert_snapshot!(screen(&state, &WIDE));
    insta::assert_snapshot!(render::plain(&state));
    let ascii = screen(
        &state,
        &TerminalStyle {
            unicode: false,
            width: 60,
            ..WIDE
        },
    );
    assert!(ascii.is_ascii());
    insta::assert_snapshot!(ascii);
}

#[test]
fn several_tasks_have_a_line_each() {
    let names = ["read order", "create an order whose name is long", "idle"];
    let outline = Outline {
        tasks: names.map(String::from).to_vec(),
        ..outline()
    };
    let state = shown(outline, 3, |snapshot| {
        for request in 1..=20 {
            snapshot.tasks[1][Timer::Ok].record(request * 2 * MS);
        }
        fail(snapshot, ErrorClass::Timeout, "no answer", 400 * MS);
    });
    insta::assert_snapshot!(screen(&state, &WIDE));
    let narrow = TerminalStyle { width: 60, ..WIDE };
    let narrow = screen(&state, &narrow);
    assert!(
        narrow.lines().all(|line| line.chars().count() <= 60),
        "{narrow}"
    );
    let many = Outline {
        tasks: (0..9).map(|task| format!("task {task}")).collect(),
        ..state.outline.as_ref().clone()
    };
    let text = screen(&shown(many, 1, |_| {}), &WIDE);
    assert!(
        text.contains("task 5") && text.contains("and 3 more tasks"),
        "{text}"
    );
}

#[test]
fn failing_thresholds_come_first_and_in_colour() {
    let mut outline = outline();
    outline.thresholds.truncate(2);
    let state = shown(outline, 2, |snapshot| {
        for _ in 0..5 {
            fail(snapshot, ErrorClass::Reset, "gone", MS);
        }
    });
    let text = screen(
        &state,
        &TerminalStyle {
            colour: true,
            ..WIDE
        },
    );
    insta::assert_snapshot!(text.replace('\x1b', "ESC"));
    assert!(render::plain(&state).is_ascii());
}

#[test]
fn without_an_end_and_without_answers() {
    let endless = Outline {
        users: false,
        ..Outline::default()
    };
    let silent = shown(endless, 3, |snapshot| {
        for measures in snapshot.steps.iter_mut().chain(&mut snapshot.tasks) {
            *measures = Default::default();
        }
    });
    insta::assert_snapshot!(screen(&silent, &WIDE), @r"
    3s
      7 in flight · no errors
      last 3s: 0/s · p50 - · p95 - · p99 -
    ");
    insta::assert_snapshot!(
        render::plain(&silent),
        @"3s | 7 in flight | no errors | last 3s: 0/s | p50 - | p95 - | p99 -"
    );
}

#[test]
fn after_the_end_the_last_answers_are_waited_for() {
    let line = render::plain(&shown(outline(), 22, |_| {}));
    assert!(
        line.starts_with("22s | waiting for the last responses"),
        "{line}"
    );
}

#[test]
fn recent_figures_are_those_of_the_last_five_seconds() {
    let state = shown(outline(), 9, |_| {});
    let mut last = loadgen_record::Hist::default();
    for second in 4..9 {
        for request in 0..100 {
            last.record((second * 10 + request / 10 + 1) * MS);
        }
    }
    let lately = state.lately();
    assert_eq!(lately.seconds, 5);
    assert_eq!(lately.latency.len(), 500);
    assert_eq!(lately.latency.min(), last.min());
    assert_eq!(lately.latency.percentile(95.0), last.percentile(95.0));
    assert_eq!(lately.rate(), 100.0);
    assert_eq!(state.count, 900);
}

#[test]
fn stages_are_the_pieces_of_the_curve_that_take_time() {
    let texts = |load: &Load| {
        let stages = stages(load, Duration::ZERO);
        let texts: Vec<String> = stages
            .iter()
            .map(|stage| format!("{} until {}s", stage.text, stage.end / SECOND))
            .collect();
        texts.join("; ")
    };
    assert_eq!(
        texts(&spike()),
        "50 users until 10s; 50 → 500 users until 15s; 500 → 50 users until 20s"
    );
    let open = |rate: Curve| {
        Load::Open(Open {
            rate,
            duration: Some(Duration::from_secs(60)),
            arrivals: Arrivals::Constant,
            max_in_flight: 10,
            max_queue: 10,
        })
    };
    assert_eq!(texts(&open(Curve::constant(200.0))), "");
    let ramp = Curve::default()
        .then(Duration::from_secs(30), 200.0)
        .then_hold();
    assert_eq!(texts(&open(ramp)), "0 → 200/s until 30s; 200/s until 60s");
}

#[test]
fn the_warm_up_is_shown_and_not_counted() {
    let outline = Outline {
        duration: Some(23 * SECOND),
        warmup: 3 * SECOND,
        ..Outline::default()
    };
    let size = Size::new(1, 1, 0);
    let mut collector = Collector::new(1, size).with_warmup(3 * SECOND);
    let mut state = State::with_details(outline);
    let mut lines = vec![render::position(&state)];
    for second in 0..5 {
        let mut snapshot = Snapshot::new(second, size);
        snapshot.warmup = second < 3;
        snapshot.steps[0][Timer::Failed].record(MS);
        snapshot.steps[0].fail(ErrorClass::Timeout, || "no answer".into());
        for snapshot in collector.absorb(0, snapshot) {
            state.update(&snapshot, collector.totals(), Vec::new());
        }
        lines.push(format!(
            "{} · {}",
            render::position(&state),
            render::so_far(&state).join(" · ")
        ));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    warming up: 0s of 3s
    warming up: 1s of 3s · 0 in flight · 1 error (100%)
    warming up: 2s of 3s · 0 in flight · 2 errors (100%)
    warming up: 3s of 3s · 0 in flight · 3 errors (100%)
    1s of 20s · 0 in flight · 1 error (100%)
    2s of 20s · 0 in flight · 2 errors (100%)
    ");
    assert_eq!(state.lately().seconds, 2);
}

#[test]
fn nothing_is_shown_when_off() {
    let display = Display::new(DisplayMode::Off, outline(), None);
    display.message("unseen");
    let size = Size::new(3, 2, 0);
    display.update(&Snapshot::new(0, size), &RunTotals::new(size), Vec::new());
    display.finish();
}
