//! Texts that several forms of the report share.

use super::{
    model::{ErrorSample, Errors},
    stats::Stats,
};
use loadgen_core::{
    human,
    metric::{Counter, Timer},
    time::{Nanos, SECOND, nanos},
};
use loadgen_plan::{Curve, Iterations, Load, Plan, Think, curve::Segment};
use loadgen_record::{RunTotals, View};
use loadgen_scenario::form::Words;
use std::cmp::Reverse;

/// Status codes of responses with their numbers, the most frequent first: `200 × 1,204, 404 × 3`; None
/// where no response had one.
pub(super) fn statuses(stats: &Stats) -> Option<String> {
    let mut statuses: Vec<(&String, &u64)> = stats.statuses.iter().collect();
    statuses.sort_by_key(|(code, count)| (*code == "other", Reverse(**count)));
    let statuses = statuses.iter();
    let statuses: Vec<String> = statuses
        .map(|(code, count)| format!("{code} × {}", human::count(**count)))
        .collect();
    (!statuses.is_empty()).then(|| statuses.join(", "))
}

/// Returns the number of errors, with their share when there are any: `12 (3.4%)`.
pub(super) fn errors(errors: &Errors) -> String {
    match errors.rate {
        Some(rate) if errors.count > 0 => {
            format!("{} ({})", human::count(errors.count), human::percent(rate))
        }
        _ => human::count(errors.count),
    }
}

/// Returns the bytes on the wire; None when nothing was counted, as for statements of MySQL and
/// SQLite.
pub(super) fn traffic(totals: &Stats) -> Option<String> {
    let (sent, received) = (totals[Counter::BytesSent], totals[Counter::BytesReceived]);
    let told = || {
        let (sent, received) = (human::bytes(sent), human::bytes(received));
        format!("Sent {sent}, received {received}")
    };
    (sent + received > 0).then(told)
}

/// Returns the 95th percentile of opening connections with those of its parts: `3 ms (tcp 1 ms, tls 2
/// ms)`; None where there was at most one part.
pub(super) fn connecting(totals: &Stats) -> Option<String> {
    let p95 = |timer: Timer| {
        let figures = totals[timer].as_ref()?;
        Some(human::time(figures.p95 * 1e3))
    };
    let parts = [Timer::Dns, Timer::Tcp, Timer::Tls].into_iter();
    let parts = parts.filter_map(|part| Some(format!("{part} {}", p95(part)?)));
    let parts: Vec<String> = parts.collect();
    let whole = p95(Timer::Connect).filter(|_| parts.len() > 1)?;
    Some(format!("{whole} ({})", parts.join(", ")))
}

/// The counters among these that are not zero and have words in reports: `retries: 3`.
pub(super) fn counts(totals: &Stats, counters: &[Counter]) -> Vec<String> {
    let counts = counters.iter().filter_map(|counter| {
        let (count, what) = (totals[*counter], counter.info().noted?);
        (count > 0).then(|| format!("{what}: {}", human::count(count)))
    });
    counts.collect()
}

/// The load of each population, with its name where there are several: `50 users after a ramp of
/// 10s, think 1s..3s`.
pub fn load(plan: &Plan) -> String {
    let loads = plan.populations.iter().map(|population| {
        let load = of(&population.load.after(plan.warmup));
        match plan.populations.len() {
            1 => load,
            _ => format!("{}: {load}", population.name),
        }
    });
    let mut parts: Vec<String> = loads.collect();
    if !plan.warmup.is_zero() {
        parts.push(format!(
            "{} of warm-up before",
            human::duration(plan.warmup)
        ));
    }
    parts.join("; ")
}

/// A time from the start of the run as people are told it: from the end of its warm-up on, from where
/// the scenario counts too; before that with a minus.
pub fn at(t_s: f64, warmup_s: f64) -> String {
    if t_s < warmup_s {
        format!("-{}", human::length(warmup_s - t_s))
    } else {
        human::length(t_s - warmup_s)
    }
}

/// Returns the outcomes of the requests of a warm-up: `1,200 requests, 12 failed (timeout 12): no
/// answer`.
pub fn warmup(totals: &RunTotals) -> String {
    let View { measures, .. } = View::totals(&totals.steps, &totals.tasks);
    let mut text = human::plural(measures.count(), "request");
    text.push_str(&match measures.errors() {
        0 => ", none failed".to_owned(),
        errors => {
            let classes = measures.by_class.iter().filter(|(_, count)| **count > 0);
            let classes: Vec<String> = classes
                .map(|(class, count)| format!("{} {}", class.name(), human::grouped(*count)))
                .collect();
            let errors = human::grouped(errors);
            format!(", {errors} failed ({})", classes.join(", "))
        }
    });
    if measures[Counter::Dropped] > 0 {
        let dropped = human::plural(measures[Counter::Dropped], "arrival");
        text.push_str(&format!(", {dropped} dropped"));
    }
    if let Some(sample) = measures.samples.first() {
        text.push_str(&format!(": {}", sample.message));
    }
    text
}

/// The request of a failure, what was expected, and the beginning of the response's body.
pub(super) fn details(sample: &ErrorSample) -> Option<String> {
    let mut details = sample.request.clone()?;
    if let Some(expected) = &sample.expected {
        details.push_str(&format!(", expected {expected}"));
    }
    if let Some(body) = &sample.body {
        details.push_str(&format!(": `{body}`"));
    }
    Some(details)
}

fn of(load: &Load) -> String {
    let end = load.duration().map_or(Nanos::MAX, nanos);
    match load {
        Load::Closed(closed) => {
            let one = closed.users.peak() <= 1.0;
            let (delay, curve) = closed.users.undelayed();
            let end = end.saturating_sub(nanos(delay));
            let users = level(&curve, end, if one { " user" } else { " users" });
            let users = match delay.is_zero() {
                true => users,
                false => format!("{users}, from {} on", human::duration(delay)),
            };
            let users = match closed.iterations {
                Iterations::Unlimited => users,
                Iterations::PerUser(count) => {
                    format!("{users}, {} runs each", human::grouped(count))
                }
                Iterations::Shared(count) => {
                    format!("{users}, {} runs in all", human::grouped(count))
                }
            };
            if let Some(pacing) = closed.pacing {
                return format!("{users}, a run every {}", human::duration(pacing));
            }
            match closed.think {
                Think::None => users,
                Think::Constant(pause) => format!("{users}, think {}", human::duration(pause)),
                Think::Uniform(least, most) => {
                    format!(
                        "{users}, think {}..{}",
                        human::duration(least),
                        human::duration(most)
                    )
                }
                Think::Normal(mean, stddev) => {
                    format!(
                        "{users}, think {} ± {}",
                        human::duration(mean),
                        human::duration(stddev)
                    )
                }
                Think::Exponential(mean) => {
                    format!("{users}, think {} on average", human::duration(mean))
                }
            }
        }
        Load::Open(open) => {
            let arrivals = open.arrivals.word();
            format!(
                "{} {arrivals}, at most {} in flight",
                level(&open.rate, end, "/s"),
                human::grouped(open.max_in_flight)
            )
        }
    }
}

fn level(curve: &Curve, end: Nanos, unit: &str) -> String {
    let lasting = |piece: &&Segment| piece.end > piece.start && piece.start < end;
    let pieces: Vec<&Segment> = curve.segments().iter().filter(lasting).collect();
    let number = human::round;
    match pieces[..] {
        [only] if only.from == only.to => format!("{}{unit}", number(only.to)),
        [ramp, hold] if ramp.from == 0.0 && hold.from == hold.to && ramp.to == hold.to => format!(
            "{}{unit} after a ramp of {}",
            number(hold.to),
            human::length((ramp.end - ramp.start) as f64 / SECOND as f64)
        ),
        _ => format!(
            "up to {}{unit} in {}",
            number(curve.peak()),
            human::plural(pieces.len() as u64, "stage")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_plan::{Arrivals, Closed, Open};
    use loadgen_plan::{Settings, compile};
    use loadgen_scenario::{Inputs, parse};
    use std::path::Path;
    use std::time::Duration;
    use uuid::Uuid;

    const S: Duration = Duration::from_secs(1);

    fn closed(users: Curve, think: Think) -> String {
        of(&Load::Closed(Closed {
            users,
            duration: Some(60 * S),
            think,
            pacing: None,
            iterations: Default::default(),
            ramp_down: None,
        }))
    }

    #[test]
    fn times_count_from_the_end_of_the_warm_up() {
        let shown = [0.0, 20.0, 30.0, 95.0].map(|t_s| at(t_s, 30.0));
        assert_eq!(shown, ["-30s", "-10s", "0s", "1m 05s"]);
        assert_eq!(at(95.0, 0.0), "1m 35s");
    }

    #[test]
    fn loads_in_words() {
        let open = Load::Open(Open {
            rate: Curve::constant(1_500.0),
            duration: None,
            arrivals: Arrivals::Poisson,
            max_in_flight: 2_000,
            max_queue: 10,
        });
        let spike = Curve::default()
            .then(20 * S, 50.0)
            .then(5 * S, 500.0)
            .then(20 * S, 50.0)
            .then_hold();
        let texts = [
            closed(Curve::constant(50.0), Think::None),
            closed(Curve::constant(1.0), Think::Constant(S / 2)),
            closed(
                Curve::default().then(10 * S, 50.0).then_hold(),
                Think::Uniform(S, 3 * S),
            ),
            closed(spike, Think::None),
            of(&open),
        ];
        insta::assert_snapshot!(texts.join("\n"), @r"
        50 users
        1 user, think 500ms
        50 users after a ramp of 10s, think 1s..3s
        up to 500 users in 4 stages
        1,500/s poisson, at most 2,000 in flight
        ");
    }

    /// A load as the first lines of reports tell it.
    fn told(load: &str) -> String {
        let text = format!(
            "[target]\nurl = 'http://127.0.0.1:1'\n[[task]]\nname = 't'\n\
             [[task.step]]\nget = '/'\n[load]\n{load}"
        );
        let scenario = parse(Path::new("test.toml"), text, &Inputs::none());
        let scenario = scenario.unwrap_or_else(|report| panic!("{report}"));
        let plan = compile(&scenario, &Settings::new(Uuid::nil()));
        super::load(&plan.unwrap_or_else(|error| panic!("{error}")))
    }

    #[test]
    fn a_warm_up_is_told_after_its_load() {
        for (load, words) in [
            (
                "users = 5\nduration = '1m'\nwarmup = '30s'",
                "5 users; 30s of warm-up before",
            ),
            (
                "stages = [{ duration = '0s', rate = 20 }, { duration = '10s', rate = 100 }, \
                 { duration = '5s', rate = 0 }]\nwarmup = '30s'",
                "up to 100/s in 2 stages constant, at most 1,000 in flight; 30s of warm-up before",
            ),
            (
                "rate = '10/s'\nduration = '1m'\nwarmup = '0s'",
                "10/s constant, at most 1,000 in flight",
            ),
        ] {
            assert_eq!(told(load), words);
        }
    }
}
