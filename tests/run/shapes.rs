//! Every load shape against its exact curve, by what a server saw.
//!
//! No bound here depends on the machine. With `t` the moment that the curve has for a request, and
//! `z` that at which the run began, the request comes to the server between `z + t` and the moment
//! at which its client has the answer, which is at most the longest latency of the result later. So
//! the distances of all requests from their moments differ by at most that latency; and since the
//! run ends after the last request came, `z` is not before the last arrival less the run's length.
//! On an idle machine that is a few ms.

use super::{
    measured,
    result::{at, count},
    serving, status, with_code,
};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use test_support::{
    loadgen::Loadgen,
    truth::{Log, Served, TruthServer},
};

/// Seed of every run, unless a test is about seeds.
const SEED: &str = "11";

/// Requests as they came, in seconds.
struct Seen {
    result: Value,
    log: Log,
}

/// Runs populations, each with its name and its load; a request says whose it is and which: in the
/// open model the number of the arrival, in the closed model that of the user.
fn run(populations: &[(&str, &str)], answer: Duration, seed: &str) -> Seen {
    let server = TruthServer::steady(answer);
    let mut text = format!("target.url = \"{}\"\n", server.url());
    for (name, load) in populations {
        let closed = load.contains("users");
        let scope = if closed { "user" } else { "task" };
        text += &format!(
            r#"
            [[population]]
            name = "{name}"
            load = {{ {load} }}
            data = {{ n = {{ sequence = {{ from = 0 }}, scope = "{scope}" }} }}
            task = [{{ name = "t", step = [{{ get = "/work/{name}/{{{{n}}}}" }}] }}]
            "#
        );
    }
    let args = ["--workers", "2", "--seed", seed];
    let finished = Loadgen::scenario(&text).args(&args).run();
    let result = measured(&finished);
    let log = server.stop();
    assert_eq!(log.problems, [""; 0]);
    assert_eq!(log.served.len() as u64, count(&result, "totals.count"));
    assert_eq!(count(&result, "totals.errors.count"), 0);
    Seen { result, log }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

impl Seen {
    /// The longest latency; what the histogram rounds is at most a thousandth.
    fn latency(&self) -> f64 {
        at(&self.result, "totals.latency_us.max") / 1e6 * 1.002
    }

    /// The requests of a population by their numbers, each list in order.
    fn by_number(&self, population: &str) -> BTreeMap<u64, Vec<&Served>> {
        let mut all: BTreeMap<u64, Vec<&Served>> = BTreeMap::new();
        for served in &self.log.served {
            let path = served.request.path.strip_prefix("/work/").unwrap();
            let (name, number) = path.split_once('/').unwrap();
            if name == population {
                all.entry(number.parse().unwrap()).or_default().push(served);
            }
        }
        all
    }

    /// The only request of each number, in order: no number is missing.
    fn arrivals(&self, population: &str) -> Vec<f64> {
        let all = self.by_number(population).into_iter().enumerate();
        all.map(|(index, (number, served))| {
            assert_eq!((index as u64, served.len()), (number, 1), "{population}");
            seconds(served[0].arrival)
        })
        .collect()
    }

    /// Holds requests, each with the moment that the curve has for it, against the curve.
    #[track_caller]
    fn on_the_curve(&self, requests: impl IntoIterator<Item = (f64, f64)>) {
        let distances: Vec<f64> = requests.into_iter().map(|(came, due)| came - due).collect();
        assert!(!distances.is_empty());
        let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
        let most = distances.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let latency = self.latency();
        assert!(most - least <= latency, "{most} - {least} > {latency}");
        // An early arrival would have come before the run began.
        let begin = self.earliest_begin();
        assert!(least >= begin - 1e-5, "{least} < {begin}");
    }

    /// The run did not begin before this.
    fn earliest_begin(&self) -> f64 {
        let last = self.log.served.last().map_or(0, |served| served.arrival);
        seconds(last) - at(&self.result, "run.duration_s")
    }
}

/// Stages as their lengths and the levels at their ends.
type Stages<'a> = &'a [(f64, f64)];

/// The area below the stages from 0 to `time`.
fn area(stages: Stages<'_>, time: f64) -> f64 {
    let (mut start, mut level, mut area) = (0.0, 0.0, 0.0);
    for (length, to) in stages {
        let part = (time - start).clamp(0.0, *length);
        if *length > 0.0 {
            let reached = level + (to - level) * part / length;
            area += (level + reached) / 2.0 * part;
        }
        (start, level) = (start + length, *to);
    }
    area
}

/// Time at which the area has reached `count` and begins to go beyond it, by bisection.
fn reached(stages: Stages<'_>, count: f64) -> f64 {
    let (mut low, mut high) = (0.0, stages.iter().map(|(length, _)| length).sum::<f64>());
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if area(stages, middle) <= count {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

fn written(stages: Stages<'_>, what: &str) -> String {
    let each = stages.iter().map(|(length, level)| {
        format!("{{ duration = \"{}ms\", {what} = {level} }}", length * 1e3)
    });
    format!("stages = [{}]", each.collect::<Vec<_>>().join(", "))
}

#[test]
fn arrivals_come_when_the_integral_of_the_rate_says() {
    let constant: Stages<'_> = &[(0.0, 120.0), (2.0, 120.0)];
    let ramp: Stages<'_> = &[(1.5, 160.0), (1.0, 20.0), (0.5, 20.0)];
    let spike: Stages<'_> = &[
        (0.0, 20.0),
        (0.5, 20.0),
        (0.0, 300.0),
        (0.5, 300.0),
        (0.0, 0.0),
        (0.5, 0.0),
        (0.0, 40.0),
        (0.5, 40.0),
    ];
    for (load, stages) in [
        ("rate = 120, duration = \"2s\"".to_owned(), constant),
        (written(constant, "rate"), constant),
        (written(ramp, "rate"), ramp),
        (written(spike, "rate"), spike),
    ] {
        let seen = run(&[("a", &load)], Duration::ZERO, SEED);
        let arrivals = seen.arrivals("a");
        // Numbers from 0 below the whole area.
        assert_eq!(arrivals.len() as f64, area(stages, 99.0).ceil(), "{load}");
        let due = |number: usize| reached(stages, number as f64);
        seen.on_the_curve(arrivals.iter().enumerate().map(|(n, came)| (*came, due(n))));
    }
}

#[test]
fn loads_that_begin_later_do_so_on_the_same_clock() {
    let ramp: Stages<'_> = &[(1.0, 100.0)];
    let late = format!("{}, start = \"700ms\"", written(ramp, "rate"));
    let populations = [
        ("a", "rate = 50, duration = \"2s\""),
        ("b", "rate = 80, duration = \"1s\", start = \"1s\""),
        ("c", late.as_str()),
        ("d", "users = 3, iterations = 1, start = \"1500ms\""),
    ];
    let seen = run(&populations, Duration::ZERO, SEED);
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| seen.arrivals(name));
    assert_eq!([a.len(), b.len(), c.len(), d.len()], [100, 80, 50, 3]);
    let grid = |came: Vec<f64>, start: f64, rate: f64| {
        let numbered = came.into_iter().enumerate();
        let on_grid = move |(n, came): (usize, f64)| (came, start + n as f64 / rate);
        numbered.map(on_grid).collect::<Vec<_>>()
    };
    let c = c.into_iter().enumerate();
    let c = c.map(|(n, came)| (came, 0.7 + reached(ramp, n as f64)));
    let d = d.into_iter().map(|came| (came, 1.5));
    let all = grid(a, 0.0, 50.0).into_iter().chain(grid(b, 1.0, 80.0));
    seen.on_the_curve(all.chain(c).chain(d));
}

#[test]
fn poisson_arrivals_are_the_same_for_a_seed_and_never_a_grid() {
    let load = "rate = 150, duration = \"2s\", arrivals = \"poisson\"";
    let [one, again] = [(); 2].map(|()| run(&[("a", load)], Duration::ZERO, SEED));
    let other = run(&[("a", load)], Duration::ZERO, "12");
    let [first, second, third] = [&one, &again, &other].map(|seen| seen.arrivals("a"));
    // 300 are expected, with a deviation of 17.
    assert!((215..=385).contains(&first.len()), "{}", first.len());
    assert_eq!(first.len(), second.len());
    let pairs = || first.iter().zip(&second);
    let (least, most) = pairs().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (a, b)| {
        (low.min(a - b), high.max(a - b))
    });
    let both = one.latency() + again.latency();
    assert!(most - least <= both, "{most} - {least} > {both}");
    // A schedule of another seed is another one, unless the machine blurs everything.
    let drift = |times: &[f64], due: &dyn Fn(usize) -> Option<f64>| {
        let pairs = times.iter().enumerate();
        let distances = pairs.filter_map(|(n, came)| Some((came - times[0] - due(n)?).abs()));
        distances.fold(0.0, f64::max)
    };
    let of_other = |n: usize| third.get(n).map(|came| came - third[0]);
    let on_grid = |n: usize| Some(n as f64 / 150.0);
    let blurred = one.latency() + other.latency() > 0.02;
    assert!(blurred || drift(&first, &of_other) > 0.04);
    assert!(blurred || drift(&first, &on_grid) > 0.04);
}

#[test]
fn iterations_are_counted_for_each_user_or_for_all() {
    let load = "users = 7, iterations = 12";
    let seen = run(&[("a", load)], Duration::from_millis(2), SEED);
    let users = seen.by_number("a");
    assert_eq!(
        users.keys().copied().collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5, 6]
    );
    assert!(users.values().all(|runs| runs.len() == 12));
    let load = "users = 7, shared_iterations = 95";
    let seen = run(&[("a", load)], Duration::from_millis(2), SEED);
    assert_eq!(seen.log.served.len(), 95);
    let users = seen.by_number("a");
    assert!(users.len() <= 7);
    // A user is a connection of its own.
    for runs in users.values() {
        let own = runs[0].request.connection;
        assert!(runs.iter().all(|served| served.request.connection == own));
    }
}

/// Presence of user `u`: while the curve, made of these stages, is above `u`. Only for curves that
/// rise and fall once.
fn window(stages: Stages<'_>, user: f64) -> (f64, f64) {
    let (mut start, mut level) = (0.0, 0.0);
    let (mut up, mut down) = (f64::NAN, f64::NAN);
    for (length, to) in stages {
        let crossing = start + length * (user - level) / (to - level);
        if level <= user && *to > user {
            up = if *length > 0.0 { crossing } else { start };
        } else if level > user && *to <= user {
            down = if *length > 0.0 { crossing } else { start };
        }
        (start, level) = (start + length, *to);
    }
    (up, if down.is_nan() { start } else { down })
}

#[test]
fn users_come_and_go_as_the_curve_crosses_their_numbers() {
    const THINK: f64 = 0.05;
    let mountain: Stages<'_> = &[(1.0, 8.0), (0.5, 8.0), (1.0, 0.0)];
    let jumps: Stages<'_> = &[
        (0.0, 2.0),
        (0.6, 2.0),
        (0.0, 6.0),
        (0.6, 6.0),
        (0.0, 2.0),
        (0.6, 2.0),
    ];
    let constant: Stages<'_> = &[(0.0, 5.0), (1.5, 5.0)];
    let spawned: Stages<'_> = &[(1.0, 5.0), (1.0, 5.0)];
    let think = "think = \"50ms\"";
    for (load, stages) in [
        (format!("{}, {think}", written(mountain, "users")), mountain),
        (format!("{}, {think}", written(jumps, "users")), jumps),
        (
            format!("users = 5, duration = \"1500ms\", {think}"),
            constant,
        ),
        (
            format!("users = 5, spawn_rate = 5, duration = \"2s\", {think}"),
            spawned,
        ),
    ] {
        let seen = run(&[("a", &load)], Duration::from_millis(5), SEED);
        let users = seen.by_number("a");
        let peak = stages.iter().map(|(_, level)| *level).fold(0.0, f64::max);
        assert_eq!(users.len() as f64, peak, "{load}");
        let windows: Vec<(f64, f64)> = (0..users.len())
            .map(|user| window(stages, user as f64))
            .collect();
        let first = |runs: &[&Served]| seconds(runs[0].arrival);
        let firsts = users.values().map(|runs| first(runs));
        seen.on_the_curve(firsts.zip(windows.iter().map(|(up, _)| *up)));
        let latency = seen.latency();
        // Where the run began, as the first run of each user tells: at the latest, and at the earliest.
        let begins = users.values().zip(&windows);
        let begins = begins.map(|(runs, (up, _))| first(runs) - up);
        let latest = begins.fold(f64::INFINITY, f64::min);
        let earliest = latest - latency;
        for (runs, (_, down)) in users.values().zip(&windows) {
            let last = seconds(runs[runs.len() - 1].arrival);
            assert!(
                last <= latest + down + latency,
                "{load}: {last} after {down}"
            );
            // Else there would have been another one.
            assert!(
                last >= earliest + down - THINK - latency,
                "{load}: {last} before {down}"
            );
            for pair in runs.windows(2) {
                // From the response, which is not before the work, to the next request.
                let pause = seconds(pair[1].arrival) - seconds(pair[0].start);
                assert!(pause >= THINK, "{pause}");
            }
        }
    }
}

#[test]
fn a_user_that_leaves_may_finish_for_so_long() {
    // Twelve seconds of work, cut off half a second after the users left.
    let server = serving(|_| status(200).after(Duration::from_secs(12)));
    let text = format!(
        r#"
        target.url = "{}"
        [load]
        stages = [{{ duration = "0s", users = 4 }}, {{ duration = "500ms", users = 4 }}, {{ duration = "0s", users = 1 }}, {{ duration = "1s", users = 1 }}]
        graceful_ramp_down = "300ms"
        graceful_stop = "1s"
        [[task]]
        name = "t"
        [[task.step]]
        get = "/work"
        "#,
        server.url()
    );
    let finished = Loadgen::scenario(&text).run();
    let result = with_code(&finished);
    // Nobody is let finish, and each may have done what it was sent for.
    assert_eq!(count(&result, "totals.count"), 0);
    assert_eq!(count(&result, "totals.interrupted"), 4);
    assert_eq!(count(&result, "totals.unknown"), 4);
    // Three at 0.8 s; one that never left, at the end of the graceful stop.
    let ages = &result["totals"]["latency_us"];
    assert!(at(ages, "min") >= 0.799e6, "{ages}");
    assert!((2.499e6..11e6).contains(&at(ages, "max")), "{ages}");
    assert!(at(ages, "p75") < at(ages, "max"), "{ages}");
    assert!(at(&result, "run.duration_s") < 11.0);
}

#[test]
fn a_paced_user_begins_one_run_in_each_interval() {
    const EVERY: f64 = 0.2;
    let load = "users = 6, spawn_rate = 30, pacing = \"200ms\", duration = \"2s\"";
    // Pauses would come on top of the response's time; ticks do not.
    let seen = run(&[("a", load)], Duration::from_millis(60), SEED);
    let users = seen.by_number("a");
    let latency = seen.latency();
    let mut ticks = Vec::new();
    for (user, runs) in &users {
        let start = *user as f64 / 30.0;
        let planned = ((2.0 - start) / EVERY - 1e-9).ceil() as usize;
        assert!(runs.len() <= planned, "{} of {planned}", runs.len());
        // A tick is left out only when a response took longer than from one to the next.
        assert!(runs.len() == planned || latency > EVERY, "{}", runs.len());
        let times = runs
            .iter()
            .map(|served| seconds(served.arrival))
            .enumerate();
        if runs.len() == planned {
            ticks.extend(times.map(|(tick, came)| (came, start + tick as f64 * EVERY)));
        }
    }
    assert_eq!(users.len(), 6);
    if !ticks.is_empty() {
        seen.on_the_curve(ticks);
    }
}

#[test]
fn users_think_as_long_as_their_distribution_says() {
    // Mean and deviation in seconds, the least and the most where there are any.
    for (think, mean, deviation, bounds) in [
        ("\"80ms\"", 0.08, 0.0, (0.08, 0.08)),
        ("\"40ms..120ms\"", 0.08, 0.0231, (0.04, 0.12)),
        (
            "{ normal = \"80ms\", stddev = \"20ms\" }",
            0.08,
            0.02,
            (0.0, 1.0),
        ),
        ("{ exponential = \"80ms\" }", 0.08, 0.08, (0.0, 9.0)),
    ] {
        let load = format!("users = 50, iterations = 16, think = {think}");
        let seen = run(&[("a", &load)], Duration::ZERO, SEED);
        let latency = seen.latency();
        let mut pauses = Vec::new();
        for runs in seen.by_number("a").values() {
            assert_eq!(runs.len(), 16);
            pauses.extend(
                runs.windows(2)
                    .map(|pair| seconds(pair[1].arrival) - seconds(pair[0].arrival)),
            );
        }
        // Of a request comes its latency on top, and the next one may be as late.
        let (least, most) = bounds;
        for pause in &pauses {
            assert!(
                (least..=most + 2.0 * latency).contains(pause),
                "{think}: {pause}"
            );
        }
        // The seed is fixed. 750 pauses: five deviations of their mean are a sixth of it at most.
        let number = pauses.len() as f64;
        let found = pauses.iter().sum::<f64>() / number;
        let least = mean - 5.0 * deviation / number.sqrt();
        let most = mean + 5.0 * deviation / number.sqrt() + 2.0 * latency;
        assert!((least..=most).contains(&found), "{think}: mean {found}");
        let spread = pauses
            .iter()
            .map(|pause| (pause - found).powi(2))
            .sum::<f64>()
            / number;
        let (spread, slack) = (spread.sqrt(), 0.2 * deviation + 2.0 * latency);
        assert!(
            (spread - deviation).abs() <= slack,
            "{think}: deviation {spread}"
        );
    }
}
