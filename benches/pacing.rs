//! Evenness of arrivals at the server when they are meant to be even.

use crate::{
    Options, Result,
    client::{Client, Done, Job, Load},
    report::{Report, Target, median},
};
use std::time::Duration;
use test_support::{
    replay::percentile,
    stalls::Nanos,
    truth::{MEASURED, TruthServer},
};

const RATE: u64 = 5_000;
const CONNECTIONS: usize = 50;

/// The clients that can keep a rate.
const CLIENTS: [Client; 2] = [Client::Loadgen, Client::Oha];

/// Opening connections is no matter of pacing.
const SETTLING: Duration = Duration::from_secs(1);

/// Loadgen's p99 deviation in microseconds.
const MOST_US: f64 = 250.0;
/// Bound on it as a share of oha's.
const MOST_OF_OHA: f64 = 0.5;

/// Deviations in microseconds, and the rate that was kept.
#[derive(Debug, Clone, Copy)]
pub struct Evenness {
    /// Half of the arrivals deviate by no more.
    pub p50: f64,
    /// Deviation that 99 of 100 arrivals stay within.
    pub p99: f64,
    rate: f64,
}

/// Lets the clients take turns.
pub fn measure(options: &Options) -> Result<Report> {
    let (mut rounds, mut invalid) = (Vec::new(), 0);
    for round in 0..options.rounds {
        let mut one_round = Vec::new();
        for client in CLIENTS {
            let (even, done) = arrivals(options.length, |job| client.run(job))
                .map_err(|error| format!("{}: {error}", client.name()))?;
            invalid += usize::from(done.invalid);
            println!(
                "round {}: {:8} p50 {:4.0} us, p99 {:4.0} us, {:.1}/s",
                round + 1,
                client.name(),
                even.p50,
                even.p99,
                even.rate
            );
            one_round.push(even);
        }
        rounds.push(one_round);
    }
    let middle = |index: usize, figure: fn(&Evenness) -> f64| {
        median(rounds.iter().map(|round| figure(&round[index])))
    };
    let mut table = vec![
        ["", "p50 us", "p99 us", "arrivals/s"]
            .map(String::from)
            .to_vec(),
    ];
    for (index, client) in CLIENTS.iter().enumerate() {
        table.push(vec![
            client.name().to_owned(),
            format!("{:.0}", middle(index, |even| even.p50)),
            format!("{:.0}", middle(index, |even| even.p99)),
            format!("{:.1}", middle(index, |even| even.rate)),
        ]);
    }
    let (loadgen, oha) = (middle(0, |even| even.p99), middle(1, |even| even.p99));
    let target = |name, measured, at_most, unit| Target {
        name,
        measured,
        at_most,
        unit,
    };
    let rate = middle(0, |even| even.rate);
    Ok(Report {
        title: "Pacing at 5,000 arrivals a second",
        method: format!(
            "Arrivals as the server read them, on another core; the client alone on its own, with \
             at most {CONNECTIONS} connections, in turn, {} times {} s without the first. \
             Deviation from the even grid that fits best. Medians.",
            options.rounds,
            options.length.as_secs()
        ),
        table,
        targets: vec![
            target("loadgen's p99 deviation", loadgen, MOST_US, " us"),
            target("the same beside oha's", loadgen / oha, MOST_OF_OHA, ""),
            target(
                "loadgen's rate, off by",
                (rate / RATE as f64 - 1.0).abs() * 100.0,
                0.1,
                " %",
            ),
            Target::none_invalid(invalid),
        ],
    })
}

/// One run of a client for so long: how even its arrivals were, and what it did.
pub fn arrivals(
    length: Duration,
    client: impl FnOnce(Job) -> Result<Done>,
) -> Result<(Evenness, Done)> {
    let server = TruthServer::steady(Duration::ZERO);
    let url = server.url() + MEASURED;
    let done = client(Job {
        url: &url,
        connections: CONNECTIONS,
        load: Load::Rate(RATE),
        length: length + SETTLING,
    })?;
    let log = server.stop();
    if done.errors > 0 || !log.problems.is_empty() {
        return Err(format!("{} errors, {:?}", done.errors, log.problems).into());
    }
    let settled = SETTLING.as_nanos() as Nanos;
    let end = settled + length.as_nanos() as Nanos;
    let arrivals: Vec<Nanos> = log
        .served
        .iter()
        .map(|served| served.arrival)
        .filter(|arrival| (settled..end).contains(arrival))
        .collect();
    if arrivals.len() < 1_000 {
        return Err(format!("only {} requests were sent", arrivals.len()).into());
    }
    Ok((evenness(&arrivals), done))
}

/// Fits a line through arrival over number by least squares; the deviations are its residuals.
fn evenness(arrivals: &[Nanos]) -> Evenness {
    let count = arrivals.len() as f64;
    let origin = arrivals[0];
    let points = || {
        let numbered = arrivals.iter().enumerate();
        numbered.map(|(n, &arrival)| (n as f64, (arrival - origin) as f64))
    };
    let mean_n = (count - 1.0) / 2.0;
    let mean_t = points().map(|(_, t)| t).sum::<f64>() / count;
    let covariance: f64 = points().map(|(n, t)| (n - mean_n) * (t - mean_t)).sum();
    let variance: f64 = points().map(|(n, _)| (n - mean_n).powi(2)).sum();
    let gap = covariance / variance;
    let deviation = |p| {
        let residuals = points().map(|(n, t)| (t - mean_t - gap * (n - mean_n)).abs() as Nanos);
        percentile(residuals, p) as f64 / 1e3
    };
    Evenness {
        p50: deviation(50.0),
        p99: deviation(99.0),
        rate: 1e9 / gap,
    }
}
