//! Whether the generator measured the target, or itself.

use super::Verdict;
use crate::{
    human,
    metric::{Counter, Distribution, Timer},
    plan::{
        Threshold,
        threshold::{Metric, Op},
    },
    record::{RunTotals, View},
    time::{Nanos, SECOND},
};

use serde::{Deserialize, Serialize};

/// A p99 of schedule lag up to this never makes a run invalid.
const LAG: Nanos = 2_000_000;
/// Nor does one of at most this share of the reported p99.
const LAG_SHARE: f64 = 0.1;
/// Fewer late runs than these are chance, and only a warning.
const LATE_RUNS: u64 = 10;
/// Least share of the due arrivals that must have been dispatched.
const DISPATCHED: f64 = 0.99;
/// Share of its workers' cores above which the generator was busy enough to warn.
const BUSY: f64 = 0.9;
/// A shorter run says nothing of how busy the generator was: connecting is most of it.
const SHORTEST: f64 = 1.0;
/// Share of this machine's processors above which other programs are blamed for lateness.
const OTHERS: f64 = 0.25;
/// Whoever is late for so long while the processors were idle was not let run at all.
const STOPPED: Nanos = SECOND / 2;

/// The judgement. A run is valid when there are no reasons against it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validity {
    /// Why the result must not be believed, in words.
    pub reasons: Vec<String>,
    /// What casts doubt on it without making it invalid, in words.
    pub warnings: Vec<String>,
}

/// What the generator used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Worker threads, one core each.
    pub workers: usize,
    /// CPU time of the process, user and system.
    pub cpu_seconds: f64,
    /// CPU time of all programs of this machine in the same time, where the system tells.
    pub host: Option<Host>,
}

/// CPU time of a machine over some time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// In which its processors did something.
    pub busy_seconds: f64,
    /// In which they could have.
    pub all_seconds: f64,
}

impl Validity {
    /// Judges a whole run, of whose `thresholds` the `verdicts` are.
    pub fn of(
        totals: &RunTotals,
        usage: Usage,
        thresholds: &[Threshold],
        verdicts: &[Verdict],
    ) -> Self {
        let mut validity = Self::default();
        if let Some(late) = late(totals) {
            let late = format!("{late}; {}", blame(totals, usage));
            let judged = || {
                thresholds
                    .iter()
                    .zip(verdicts)
                    .filter(|(own, _)| !own.implied)
            };
            let mut doubtful = judged().filter(|(own, verdict)| is_made_by_lateness(own, verdict));
            if totals.lag.count_above(LAG) < LATE_RUNS {
                validity.warnings.push(late);
            } else if judged().next().is_none() {
                validity.reasons.push(late);
            } else if let Some((threshold, _)) = doubtful.next() {
                let expr = &threshold.expr;
                let words = format!("{late}. That may be what decided about `{expr}`");
                validity.reasons.push(words);
            } else {
                let words = "The thresholds are decided all the same: lateness can only have \
                             been against the way they came out";
                validity.warnings.push(format!("{late}. {words}"));
            }
        }
        validity.reasons.extend(overdue(totals));
        validity.warnings.extend(busy(totals, usage));
        validity
    }

    /// Returns true if there is no reason against the result.
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Returns true if the generator's lateness can bring about a verdict: times are measured from the
/// intended start, so lateness lengthens them, and fewer requests are done meanwhile.
fn is_made_by_lateness(threshold: &Threshold, verdict: &Verdict) -> bool {
    let lengthens = match threshold.metric {
        Metric::Time(Distribution::Latency, _) => true,
        Metric::Time(Distribution::Timer(timer), _) => {
            matches!(timer, Timer::Ok | Timer::Failed | Timer::Cut)
        }
        Metric::Rate | Metric::Count => false,
        Metric::Errors | Metric::ErrorRate | Metric::Checks | Metric::Counter(_) => return false,
    };
    match threshold.op {
        // Without samples nothing was measured that could have been late.
        _ if verdict.observed.is_none() => false,
        Op::Less | Op::LessOrEqual => verdict.ok != lengthens,
        Op::Greater | Op::GreaterOrEqual => verdict.ok == lengthens,
        Op::Equal | Op::NotEqual => true,
    }
}

/// Whose doing the lateness was, as far as processor time tells, and what to do.
fn blame(totals: &RunTotals, usage: Usage) -> String {
    let own = busy_share(totals, usage).unwrap_or_default();
    if own > BUSY {
        let workers = human::plural(usage.workers as u64, "worker");
        let own = human::percent(own);
        return format!("its {workers} were {own} busy: use more of them, or more machines");
    }
    let Some(host) = usage.host.filter(|host| host.all_seconds > 0.0) else {
        return "use more workers, or cores that nothing else uses".to_owned();
    };
    let own = usage.cpu_seconds / host.all_seconds;
    let others = (host.busy_seconds / host.all_seconds - own).max(0.0);
    let longest = totals.lag.max().unwrap_or_default();
    let (own, of_others) = (human::percent(own.min(1.0)), human::percent(others));
    if others > OTHERS {
        format!(
            "other programs took {of_others} of this machine's processors, and loadgen {own}: run \
             it where it has a core to itself"
        )
    } else if longest >= STOPPED {
        format!(
            "it did not run at all for up to {}, while other programs took {of_others} of this \
             machine's processors: was it stopped, or the machine suspended?",
            human::time(longest as f64)
        )
    } else {
        format!(
            "loadgen took {own} of this machine's processors and other programs {of_others}: if \
             it is a virtual machine, its host may have been busy"
        )
    }
}

/// Without a reported p99 there is no number that the lag could have spoilt.
fn late(totals: &RunTotals) -> Option<String> {
    let lag = totals.lag.percentile(99.0).filter(|lag| *lag > LAG)?;
    let View { measures, .. } = View::totals(&totals.steps, &totals.tasks);
    let reported = measures.latency().percentile(99.0)?;
    (lag as f64 > reported as f64 * LAG_SHARE).then(|| {
        format!(
            "loadgen itself was late: 1 run in 100 began more than {} after it was due although a \
             slot was free, which is above 2 ms and above a tenth of the reported p99 of {}",
            human::time(lag as f64),
            human::time(reported as f64),
        )
    })
}

fn overdue(totals: &RunTotals) -> Option<String> {
    // Those that were late are among the offered, since they were dispatched in the end.
    let due: u64 = totals.tasks.iter().map(|task| task[Counter::Offered]).sum();
    let dispatched = due.saturating_sub(totals.overdue) as f64 / due as f64;
    (dispatched < DISPATCHED).then(|| {
        format!(
            "loadgen could not keep up: only {} of {} were dispatched before the end of the load",
            human::percent(dispatched),
            human::plural(due, "arrival"),
        )
    })
}

/// Share of its workers' cores that the generator used; None of a run that is too short to tell.
fn busy_share(totals: &RunTotals, usage: Usage) -> Option<f64> {
    // The processors worked in the warm-up too.
    let seconds = (totals.warmup + totals.elapsed) as f64 / SECOND as f64;
    let share = usage.cpu_seconds / (usage.workers as f64 * seconds);
    (seconds >= SHORTEST && share.is_finite()).then_some(share)
}

fn busy(totals: &RunTotals, usage: Usage) -> Option<String> {
    let share = busy_share(totals, usage)?;
    (share > BUSY).then(|| {
        format!(
            "loadgen kept its {} {} busy, so it may itself be part of what was measured: use more \
             workers, or cores that nothing else uses",
            human::plural(usage.workers as u64, "core"),
            human::percent(share),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metric::Timer, plan::threshold::parse, record::Size};

    const MS: u64 = 1_000_000;
    const CALM: Usage = Usage {
        workers: 2,
        cpu_seconds: 4.0,
        host: None,
    };

    /// Without thresholds.
    fn judged(totals: &RunTotals, usage: Usage) -> Validity {
        Validity::of(totals, usage, &[], &[])
    }

    fn totals(lag: Nanos, latency: Nanos) -> RunTotals {
        let mut totals = RunTotals::new(Size::new(1, 1, 0));
        totals.elapsed = 10 * crate::time::SECOND;
        for _ in 0..1_000 {
            totals.lag.record(lag);
            totals.steps[0][Timer::Ok].record(latency);
            totals.tasks[0][Timer::Ok].record(latency);
            totals.tasks[0][Counter::Offered] += 1;
        }
        totals
    }

    #[test]
    fn lag_counts_when_it_is_long_and_a_good_part_of_what_is_reported() {
        for (lag, latency, valid) in [
            (MS, 2 * MS, true),
            (3 * MS, 20 * MS, false),
            (3 * MS, 40 * MS, true),
            (30 * MS, 200 * MS, false),
        ] {
            let validity = judged(&totals(lag, latency), CALM);
            assert_eq!(validity.is_valid(), valid, "{lag} {latency}");
            assert!(validity.warnings.is_empty());
        }
        insta::assert_snapshot!(
            judged(&totals(3 * MS, 20 * MS), CALM).reasons[0],
            @"loadgen itself was late: 1 run in 100 began more than 3.00 ms after it was due although a slot was free, which is above 2 ms and above a tenth of the reported p99 of 20.0 ms; use more workers, or cores that nothing else uses"
        );
    }

    #[test]
    fn a_few_late_runs_of_a_short_run_are_a_warning() {
        let mut totals = totals(0, 5 * MS);
        totals.lag = Default::default();
        for late in 0..50 {
            totals.lag.record(if late < 9 { 3 * MS } else { 0 });
        }
        let validity = judged(&totals, CALM);
        assert_eq!((validity.reasons.len(), validity.warnings.len()), (0, 1));
        totals.lag.record(3 * MS);
        let validity = judged(&totals, CALM);
        assert_eq!((validity.reasons.len(), validity.warnings.len()), (1, 0));
    }

    #[test]
    fn nearly_all_due_arrivals_must_have_been_dispatched() {
        let mut totals = totals(0, 20 * MS);
        totals.overdue = 10;
        assert!(judged(&totals, CALM).is_valid());
        totals.overdue = 200;
        insta::assert_snapshot!(
            judged(&totals, CALM).reasons[0],
            @"loadgen could not keep up: only 80% of 1,000 arrivals were dispatched before the end of the load"
        );
    }

    #[test]
    fn a_busy_generator_is_a_warning() {
        let usage = Usage {
            workers: 2,
            cpu_seconds: 19.0,
            host: None,
        };
        let validity = judged(&totals(0, 20 * MS), usage);
        assert!(validity.is_valid());
        insta::assert_snapshot!(
            validity.warnings[0],
            @"loadgen kept its 2 cores 95% busy, so it may itself be part of what was measured: use more workers, or cores that nothing else uses"
        );
    }

    #[test]
    fn a_short_run_says_nothing_of_how_busy_the_generator_was() {
        let mut short = totals(0, 20 * MS);
        short.elapsed = 2 * MS;
        let usage = Usage {
            workers: 1,
            cpu_seconds: 0.0021,
            host: None,
        };
        assert_eq!(judged(&short, usage), Validity::default());
    }

    /// A threshold that came out as told, on a late run.
    fn of_late(expr: &str, ok: bool) -> Validity {
        let condition = parse(expr).unwrap();
        let threshold = Threshold {
            metric: condition.metric,
            op: condition.op,
            ..Threshold::implied()
        };
        let threshold = Threshold {
            expr: expr.to_owned(),
            implied: expr.starts_with("error_rate < 100%"),
            ..threshold
        };
        let verdict = Verdict {
            ok,
            observed: Some(1.0),
            samples: 1_000,
            note: None,
        };
        Validity::of(&totals(3 * MS, 20 * MS), CALM, &[threshold], &[verdict])
    }

    #[test]
    fn what_lateness_could_not_have_changed_stands() {
        for (expr, ok, valid) in [
            ("p95 < 300ms", true, true),
            ("p95 < 300ms", false, false),
            ("ok.p50 > 1ms", true, false),
            ("failed.max >= 1ms", false, true),
            ("service.p95 < 300ms", false, true),
            ("rate > 10/s", true, true),
            ("rate > 10/s", false, false),
            ("count <= 10", true, false),
            ("errors == 0", false, true),
            ("dropped == 0", false, true),
            // The implied threshold is in no scenario, so lateness does not matter to it.
            ("error_rate < 100%", true, false),
        ] {
            let validity = of_late(expr, ok);
            assert_eq!(validity.is_valid(), valid, "{expr} {ok}");
            assert_eq!(validity.warnings.len(), usize::from(valid), "{expr} {ok}");
        }
        insta::assert_snapshot!(of_late("p95 < 300ms", false).reasons[0].split("; ").nth(1).unwrap(),
            @"use more workers, or cores that nothing else uses. That may be what decided about `p95 < 300ms`");
    }

    #[test]
    fn who_was_to_blame_is_told_with_figures() {
        let blamed = |cpu_seconds: f64, busy_seconds: f64, longest: Nanos| {
            let mut late = totals(3 * MS, 20 * MS);
            late.lag.record(longest);
            let host = Some(Host {
                busy_seconds,
                all_seconds: 40.0,
            });
            let usage = Usage {
                workers: 2,
                cpu_seconds,
                host,
            };
            super::blame(&late, usage)
        };
        let told = [
            blamed(19.0, 39.0, 0),
            blamed(1.0, 39.0, 0),
            blamed(1.0, 2.0, 4 * SECOND),
            blamed(1.0, 2.0, 0),
        ];
        insta::assert_snapshot!(told.join("\n"), @r"
        its 2 workers were 95% busy: use more of them, or more machines
        other programs took 95% of this machine's processors, and loadgen 2.5%: run it where it has a core to itself
        it did not run at all for up to 4.00 s, while other programs took 2.5% of this machine's processors: was it stopped, or the machine suspended?
        loadgen took 2.5% of this machine's processors and other programs 2.5%: if it is a virtual machine, its host may have been busy
        ");
    }

    #[test]
    fn an_empty_run_is_not_invalid() {
        let validity = judged(&RunTotals::new(Size::new(1, 1, 0)), CALM);
        assert_eq!(validity, Validity::default());
    }
}
