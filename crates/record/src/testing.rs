//! Snapshots that property tests make up.

use crate::{Ending, Sample, Traced};
use crate::{Measures, Size, Snapshot, Span, UserTime};
use loadgen_core::metric::{Counter, Timer};
use loadgen_driver::{ErrorClass, Shortage, Trace, TraceId};
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
                status: trace.map(|id| id as u16),
                expected: trace.map(|id| format!("status {id}")),
                body: trace.map(|id| format!("body {id}")),
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
