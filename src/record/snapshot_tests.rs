use super::*;
use crate::{
    driver::{ErrorClass, Shortage, Trace, TraceId},
    metric::{Counter, Timer},
    record::{Ending, Sample, Traced},
};
use proptest::{collection::vec, prelude::*, sample::select};

const MOST: u64 = 1 << 30;

/// Whatever can be measured of a step, a task or a group.
fn measures() -> impl Strategy<Value = Measures> {
    let times = vec((select(&Timer::ALL[..]), 0..5_000_000_000_000_u64), 0..12);
    let counts = vec((select(&Counter::ALL[..]), 0..MOST), 0..6);
    let failures = vec(
        (
            select(&ErrorClass::ALL[..]),
            any::<Option<u128>>(),
            ".{0,20}",
        ),
        0..6,
    );
    let checks = (0..8_usize, any::<u64>());
    (times, counts, failures, checks).prop_map(|(times, counts, failures, (checks, missed))| {
        let mut measures = Measures::default();
        for (timer, time) in times {
            measures[timer].record(time);
        }
        for (counter, count) in counts {
            measures[counter] += count;
        }
        for (class, trace, message) in failures {
            measures.fail_seen(class, || Sample {
                request: trace.map(|id| format!("GET /{id}")),
                trace: trace.map(TraceId),
                ..Sample::new(class, message)
            });
        }
        measures.check(checks, missed);
        if checks > 4 {
            let time = missed % 5_000_000_000_000;
            measures.punctual().record(Timer::ALL[checks % 3], time);
            measures.punctual().in_time = checks as u64;
        }
        measures
    })
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        Just(Ending::Ok),
        Just(Ending::Interrupted),
        select(&ErrorClass::ALL[..]).prop_map(Ending::Failed),
    ]
}

fn span(steps: usize) -> impl Strategy<Value = Span> {
    let trace = (
        any::<u128>(),
        any::<u64>(),
        any::<bool>(),
        any::<Option<u16>>(),
    );
    (trace, 0..steps, any::<[u64; 2]>(), ending()).prop_map(
        |(trace, step, [start, end], ending)| {
            let (id, span, sampled, status) = trace;
            Span {
                trace: Trace {
                    id: TraceId(id),
                    span,
                    sampled,
                    server: step,
                    status,
                },
                step,
                start,
                end,
                ending,
            }
        },
    )
}

/// Whatever can be measured in the first second.
pub fn any_snapshot(size: Size) -> impl Strategy<Value = Snapshot> {
    let parts = (
        vec(measures(), size.steps),
        vec(measures(), size.tasks),
        vec(measures(), size.groups),
    );
    let levels = (0..MOST, 0..MOST, 0..MOST);
    let traced = vec((0..size.steps, any::<u128>(), 0..MOST, ending()), 0..4);
    let spans = vec(span(size.steps), 0..4);
    (parts, levels, traced, spans, vec(0..MOST, 0..4)).prop_map(
        move |((steps, tasks, groups), (users, in_flight, queued), traced, spans, lags)| {
            let mut snapshot = Snapshot {
                users,
                in_flight,
                queued,
                steps,
                tasks,
                groups,
                spans_lost: spans.len() as u64,
                spans,
                ..Snapshot::default()
            };
            lags.iter().for_each(|lag| snapshot.lag.record(*lag));
            let times = lags.iter().map(|lag| UserTime {
                present: *lag,
                lost: lag / 3,
            });
            snapshot.user_time = times.collect();
            snapshot.shortages[Shortage::Ports] = queued / 2;
            for (step, id, latency, ending) in traced {
                snapshot.traces_of(step).note(Traced {
                    id: TraceId(id),
                    sampled: id % 2 == 0,
                    latency,
                    ended: latency / 2,
                    ending,
                });
            }
            snapshot
        },
    )
}

const SIZE: Size = Size::new(2, 1, 1);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_reads_back_the_same(
        mut snapshot in any_snapshot(SIZE),
        late in proptest::option::of(any_snapshot(SIZE)),
        warmup in any::<bool>(),
    ) {
        snapshot.warmup = warmup;
        snapshot.late = late.map(Box::new);
        let text = serde_json::to_string(&snapshot).unwrap();
        let read: Snapshot = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read.check(SIZE), Ok(()));
        prop_assert_eq!(&read, &snapshot);
        // Written again it is as small as before.
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn damage_is_refused_or_read(
        snapshot in any_snapshot(SIZE),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut text = serde_json::to_vec(&snapshot).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        for damaged in [&text[..], &text[..at]] {
            let Ok(read) = serde_json::from_slice::<Snapshot>(damaged) else {
                continue;
            };
            if read.check(SIZE).is_ok() {
                let mut totals = RunTotals::new(SIZE);
                totals.add(&read);
                totals.add(&read);
            }
        }
    }
}

#[test]
fn nothing_takes_no_room() {
    let text = serde_json::to_string(&Snapshot::new(7, Size::new(1, 1, 0))).unwrap();
    assert_eq!(text, r#"{"second":7,"steps":[{}],"tasks":[{}]}"#);
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let mut many = Snapshot::new(0, SIZE);
    many.steps[0][Counter::Offered] = u64::MAX;
    let mut late = Snapshot::new(0, SIZE);
    late.late().late();
    let refused = [Snapshot::new(0, Size::new(1, 1, 1)), many, late];
    let refused = refused.map(|it| it.check(SIZE).unwrap_err());
    let unknown = r#"{"second":0,"steps":[{"counts":{"novelty":1}}]}"#;
    let unknown = serde_json::from_str::<Snapshot>(unknown).unwrap_err();
    insta::assert_snapshot!(format!("{}\n{unknown}", refused.join("\n")), @r"
    an interval has other steps or tasks than the run
    an interval counts more than a second holds
    an interval is late twice
    `novelty` is no counter at line 1 column 44
    ");
}
