use crate::{Judge, Verdict};
use loadgen_core::{
    metric::{Counter, Timer},
    time::{Nanos, SECOND},
};
use loadgen_plan::{Plan, testing::PlanBuilder};
use loadgen_record::{Collector, Measures, Periods, Size, Snapshot, UserTime};
use proptest::{collection::vec, prelude::*};

const MS: Nanos = 1_000_000;

/// Two tasks of one step each, the second one in a group; the thresholds as written.
fn plan(load: &str, thresholds: &str) -> Plan {
    PlanBuilder::new(load)
        .with(&format!("thresholds = [{thresholds}]"))
        .task(&["get = '/'"])
        .task(&["name = 'g', step = [{ get = '/' }]"])
        .build()
}

/// A run of a plan under judgement.
struct Judged {
    judge: Judge,
    collector: Collector,
    size: Size,
}

impl Judged {
    fn of(plan: &Plan) -> Self {
        let size = Size::of(plan);
        Self {
            judge: Judge::new(&plan.thresholds, &plan.steps),
            collector: Collector::new(1, size).with_periods(Periods::of(plan)),
            size,
        }
    }

    /// A second of these latencies in ms, each with its lag, of each task.
    fn second(&mut self, number: u64, requests: &[(u64, u64)]) -> Snapshot {
        let mut snapshot = Snapshot::new(number, self.size);
        let parts = [
            &mut snapshot.steps,
            &mut snapshot.tasks,
            &mut snapshot.groups,
        ];
        for measures in parts.into_iter().flatten() {
            requests
                .iter()
                .for_each(|request| count(measures, *request));
        }
        snapshot
    }

    fn add(&mut self, snapshot: Snapshot) {
        for complete in self.collector.absorb(0, snapshot) {
            self.judge.update(&complete, self.collector.totals());
        }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        self.judge.verdicts(self.collector.totals())
    }

    fn doubtful(&self) -> Vec<bool> {
        let verdicts = self.verdicts();
        verdicts.iter().map(|verdict| verdict.doubtful).collect()
    }
}

fn count(measures: &mut Measures, (latency, lag): (u64, u64)) {
    measures[Timer::Ok].record(latency * MS);
    measures.punctual().record(Timer::Ok, (latency - lag) * MS);
    measures[Counter::Offered] += 1;
}

/// Value of rank `ceil(percent / 100 * len)`.
fn percentile(mut values: Vec<u64>, percent: usize) -> u64 {
    values.sort_unstable();
    values[(values.len() * percent).div_ceil(100) - 1]
}

/// Latencies in tens of ms, so that limits between them are as clear as exact numbers.
fn requests() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let request = (1..40_u64, 0..40_u64);
    vec(
        request.prop_map(|(latency, lag)| (latency * 10, lag.min(latency) * 10)),
        1..30,
    )
}

proptest! {
    #[test]
    fn a_latency_is_doubtful_exactly_where_it_would_hold_without_lag(
        requests in requests(),
        limit in (0..40_u64).prop_map(|tens| tens * 10 + 5),
        percent in 1..100_usize,
    ) {
        let expr = format!("p{percent} < {limit}ms");
        let all = format!(
            "'{expr}', {{ expr = '{expr}', task = 't0' }}, {{ expr = '{expr}', task = 't1/g' }}, \
             'ok.{expr}', 'p{percent} > {limit}ms'"
        );
        let plan = plan("rate = '1/s'", &all);
        let mut run = Judged::of(&plan);
        let second = run.second(0, &requests);
        run.add(second);
        let measured = percentile(requests.iter().map(|it| it.0).collect(), percent);
        let punctual = percentile(requests.iter().map(|it| it.0 - it.1).collect(), percent);
        let doubtful = (measured < limit) != (punctual < limit);
        for verdict in run.verdicts() {
            prop_assert_eq!(verdict.doubtful, doubtful, "{} {}", measured, punctual);
        }
    }

    #[test]
    fn a_window_is_doubtful_exactly_where_all_would_hold_without_lag(
        seconds in vec(requests(), 3..8),
        limit in (0..40_u64).prop_map(|tens| tens * 10 + 5),
    ) {
        let plan = plan("rate = '1/s'", &format!("{{ expr = 'max < {limit}ms', window = '2s' }}"));
        let mut run = Judged::of(&plan);
        for (number, requests) in seconds.iter().enumerate() {
            let second = run.second(number as u64, requests);
            run.add(second);
        }
        let hold = |time: fn(&(u64, u64)) -> u64| {
            seconds.iter().flatten().all(|request| time(request) < limit)
        };
        let [verdict] = &run.verdicts()[..] else { panic!() };
        prop_assert_eq!(verdict.ok, hold(|request| request.0));
        prop_assert_eq!(verdict.doubtful, !verdict.ok && hold(|request| request.0 - request.1));
    }
}

#[test]
fn what_lag_does_not_lengthen_is_never_doubtful() {
    let exprs = [
        "service.max < 1ms",
        "errors > 5",
        "error_rate > 5%",
        "checks > 1",
    ];
    let plan = plan(
        "rate = '1/s'",
        &exprs.map(|expr| format!("'{expr}'")).join(","),
    );
    let mut run = Judged::of(&plan);
    let mut second = run.second(0, &[(900, 900)]);
    second.lag.record(900 * MS);
    for step in &mut second.steps {
        step[Timer::Service].record(10 * MS);
        step.check(1, 0);
    }
    run.add(second);
    assert!(
        run.verdicts()
            .iter()
            .all(|verdict| !verdict.ok && verdict.observed.is_some())
    );
    assert_eq!(run.doubtful(), [false; 4]);
}

/// Two seconds of five runs of each task, in which lateness took a tenth of the users' time.
fn late_users(load: &str, thresholds: &str) -> Judged {
    let plan = plan(load, thresholds);
    let mut run = Judged::of(&plan);
    for number in 0..2 {
        let mut second = run.second(number, &[(10, 0); 5]);
        second.user_time = vec![UserTime {
            present: 10 * SECOND,
            lost: SECOND,
        }];
        run.add(second);
    }
    run
}

#[test]
fn lost_time_is_added_back_to_rates_and_counts() {
    // 20 runs in 2 s: 10/s, and a ninth more of each task's ten in the lost tenth.
    let run = late_users(
        "users = 10\nduration = '2s'",
        "'rate > 10.9/s', 'rate > 11.1/s', 'count > 21', 'count > 22', \
         'rate < 10.9/s', 'rate < 9/s', 'count == 20',
         { expr = 'rate > 5.4/s', task = 't0' }, { expr = 'rate > 5.6/s', task = 't1/g' }",
    );
    assert_eq!(
        run.doubtful(),
        [true, false, true, false, true, false, true, true, false]
    );
    // Iterations are as many as there are, however late.
    let run = late_users(
        "users = 10\nshared_iterations = 20",
        "'count == 20', 'count > 20', 'rate > 10.9/s'",
    );
    assert_eq!(run.doubtful(), [false, false, true]);
}

#[test]
fn runs_that_their_lag_alone_took_past_the_end_are_in_the_rate() {
    let plan = plan(
        "rate = '10/s'\nduration = '1s'",
        "'rate > 9/s', 'rate >= 10/s', 'rate > 11/s'",
    );
    let mut run = Judged::of(&plan);
    let second = run.second(0, &[(10, 0); 4]);
    run.add(second);
    let mut after = run.second(1, &[(10, 5)]);
    for task in &mut after.tasks {
        task[Counter::Late] = 1;
        task.punctual().in_time = 1;
    }
    run.add(after);
    // Eight in time, and two that were late by loadgen's doing.
    assert_eq!(run.doubtful(), [true, true, false]);
}

#[test]
fn a_stop_of_loadgen_takes_its_time_from_the_windows() {
    let plan = plan(
        "rate = '100/s'",
        "{ expr = 'rate > 90/s', window = '4s' }, { expr = 'rate > 140/s', window = '4s' }, \
         { expr = 'rate < 110/s', window = '4s' }, { expr = 'p95 < 1s', window = '2s' }",
    );
    for (stopped, doubtful) in [
        (0, [false, false, false, false]),
        (2 * SECOND, [true, false, true, true]),
    ] {
        let mut run = Judged::of(&plan);
        for (number, runs) in [50, 50, 0, 0, 150, 50, 50, 50].into_iter().enumerate() {
            let mut second = run.second(number as u64, &vec![(10, 0); runs]);
            second.in_flight = 1;
            // Something was due before the stop that ends after it.
            second.tasks[0][Counter::Offered] += u64::from(number == 1);
            if number == 4 {
                second.lag.record(stopped);
            }
            run.add(second);
        }
        let verdicts = run.verdicts();
        let failed: Vec<bool> = verdicts.iter().map(|verdict| !verdict.ok).collect();
        assert_eq!(failed, [true; 4]);
        assert_eq!(run.doubtful(), doubtful, "{stopped}");
    }
}
