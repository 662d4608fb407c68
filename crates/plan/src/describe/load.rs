//! A load in a sentence.

use super::quantity::{count, decimal, pause, time};
use crate::{Arrivals, Closed, Curve, Iterations, Load, Open, curve::Segment};
use loadgen_core::time::{Nanos, nanos};
use std::time::Duration;

/// The warm-up before what is measured, if there is one for this load or for another.
pub(super) fn warmup(load: &Load, own: Duration, whole: Duration) -> Option<String> {
    if whole.is_zero() {
        return None;
    }
    if own.is_zero() {
        let whole = time(whole);
        return Some(format!(
            "none: waits for {whole}, until the others' is over"
        ));
    }
    let level = |at: Duration| load.curve().level_at(nanos(at));
    let shown = |level: f64| match load {
        Load::Closed(_) => count(level.ceil(), "user"),
        Load::Open(_) => format!("{} a second", count(level, "arrival")),
    };
    // Just before its end, as there may be a jump then.
    let last = level(whole.saturating_sub(Duration::from_nanos(1)));
    let way = if level(whole.saturating_sub(own)) == last {
        "with"
    } else {
        "up to"
    };
    Some(format!(
        "{} before that, {way} {}: not measured; times count from its end",
        time(own),
        shown(last)
    ))
}

/// A line for each stage, and one for the rest.
pub(super) fn lines(load: &Load) -> Vec<String> {
    let (delay, (mut stages, mut rest)) = match load {
        Load::Closed(closed) => {
            let (delay, curve) = closed.users.undelayed();
            let after = Closed {
                users: curve,
                duration: closed.duration.map(|end| end.saturating_sub(delay)),
                ..closed.clone()
            };
            (delay, users(&after))
        }
        Load::Open(open) => {
            let (delay, curve) = open.rate.undelayed();
            let after = Open {
                rate: curve,
                duration: open.duration.map(|end| end.saturating_sub(delay)),
                ..open.clone()
            };
            (delay, arrivals(&after))
        }
    };
    if !delay.is_zero() {
        rest.push(format!("begins after {}", time(delay)));
    }
    stages.push(rest.join("; "));
    stages
}

fn users(load: &Closed) -> (Vec<String>, Vec<String>) {
    let shown = |level: f64| count(level, "user");
    let (stages, mut rest) = match load.users.segments() {
        [only] if only.from == only.to => {
            let all = format!("{} from the start", shown(only.to));
            (Vec::new(), vec![all, length(load.duration)])
        }
        [ramp, hold] if hold.end == Nanos::MAX => {
            let mut rest = spawned(ramp, load.duration);
            rest.push(length(load.duration));
            (Vec::new(), rest)
        }
        stages => (self::stages(stages, shown), vec![in_all(load.duration)]),
    };
    rest.push(match (load.pacing, pause(load.think)) {
        (Some(interval), _) => format!("a task run every {} each", time(interval)),
        (None, Some(pause)) => format!("{pause} between task runs"),
        (None, None) => "no pause between task runs".to_owned(),
    });
    match load.iterations {
        Iterations::Unlimited => {}
        Iterations::PerUser(runs) => rest.push(format!("{} each", count(runs as f64, "task run"))),
        Iterations::Shared(runs) => rest.push(format!("{} in all", count(runs as f64, "task run"))),
    }
    if let Some(bound) = load.ramp_down {
        let bound = time(bound);
        rest.push(format!("a user that leaves may take {bound} more"));
    }
    (stages, rest)
}

fn spawned(ramp: &Segment, duration: Option<Duration>) -> Vec<String> {
    let seconds = Duration::from_nanos(ramp.end - ramp.start).as_secs_f64();
    let users = count(ramp.to, "user");
    let rate = decimal(ramp.to / seconds);
    let mut parts = vec![format!("{users}, {rate} more each second")];
    match duration.filter(|duration| nanos(*duration) < ramp.end) {
        Some(duration) => {
            let there = (ramp.to * duration.as_secs_f64() / seconds).ceil();
            parts.push(format!("only {} there before the end", decimal(there)));
        }
        None => {
            let ramp = time(Duration::from_nanos(ramp.end));
            parts.push(format!("all there after {ramp}"));
        }
    }
    parts
}

fn arrivals(load: &Open) -> (Vec<String>, Vec<String>) {
    let shown = |level: f64| format!("{} a second", count(level, "arrival"));
    let (stages, mut rest) = match load.rate.segments() {
        [only] if only.from == only.to => (Vec::new(), vec![shown(only.to), length(load.duration)]),
        stages => (self::stages(stages, shown), vec![in_all(load.duration)]),
    };
    rest.push(match load.arrivals {
        Arrivals::Constant => "evenly spaced".to_owned(),
        Arrivals::Poisson => "as independent clients come (Poisson)".to_owned(),
    });
    if let Some(duration) = load.duration {
        let total = area(&load.rate, nanos(duration)).round();
        rest.push(format!("about {}", count(total, "arrival")));
    }
    rest.push(format!(
        "at most {} under way, then {} wait, more are dropped",
        count(load.max_in_flight as f64, "task run"),
        decimal(load.max_queue as f64)
    ));
    (stages, rest)
}

fn in_all(duration: Option<Duration>) -> String {
    duration.map_or_else(String::new, |duration| format!("{} in all", time(duration)))
}

fn length(duration: Option<Duration>) -> String {
    match duration {
        Some(duration) => format!("for {}", time(duration)),
        None => "until stopped".to_owned(),
    }
}

fn stages(stages: &[Segment], shown: impl Fn(f64) -> String) -> Vec<String> {
    let mut parts = Vec::with_capacity(stages.len());
    for stage in stages {
        let level = shown(stage.to);
        let length = time(Duration::from_nanos(stage.end - stage.start));
        parts.push(if stage.start == stage.end {
            format!("at once {level}")
        } else if stage.from == stage.to {
            format!("{level} for {length}")
        } else if stage.from < stage.to {
            format!("up to {level} over {length}")
        } else {
            format!("down to {level} over {length}")
        });
    }
    parts
}

/// Arrivals before `end`: the area below the curve.
fn area(curve: &Curve, end: Nanos) -> f64 {
    let before = |segment: &&Segment| segment.start < end;
    curve
        .segments()
        .iter()
        .filter(before)
        .map(|segment| {
            let length = (segment.end - segment.start) as f64;
            let part = (end.min(segment.end) - segment.start) as f64;
            let last = segment.from + (segment.to - segment.from) * part / length.max(1.0);
            (segment.from + last) / 2.0 * part / 1e9
        })
        .sum()
}
