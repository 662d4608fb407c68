//! CPU per request, requests per second and memory, each client at its full speed.

use crate::{
    Options, Result,
    client::{Client, Done, Job, Load},
    nginx::Nginx,
    report::{Report, Target, median},
};

const CONNECTIONS: usize = 50;

/// In the order of the table; wrk is what the others are compared with.
const CLIENTS: [Client; 3] = [Client::Wrk, Client::Loadgen, Client::Oha];

/// Loadgen's CPU time per request, as a multiple of wrk's.
const MOST_CPU: f64 = 1.05;

/// Lets the clients take turns; the first of a round is the last of the next, so that a machine
/// that slows down or warms up slows all of them.
pub fn measure(options: &Options) -> Result<Report> {
    let nginx = Nginx::start(CONNECTIONS)?;
    let mut rounds: Vec<[Done; CLIENTS.len()]> = Vec::new();
    for round in 0..options.rounds {
        let mut done = CLIENTS.map(|_| None);
        for turn in 0..CLIENTS.len() {
            let index = (round + turn) % CLIENTS.len();
            let one = one_run(CLIENTS[index], &nginx, options)?;
            println!(
                "round {}: {:8} {:6.2} us CPU per request, {:7.0} requests/s, {:5.1} MB",
                round + 1,
                CLIENTS[index].name(),
                one.cpu_us(),
                one.rate(),
                one.rss_mb(),
            );
            done[index] = Some(one);
        }
        rounds.push(done.map(|one| one.expect("each took its turn")));
    }

    let mut table = vec![
        [
            "",
            "CPU us/request",
            "x wrk",
            "requests/s",
            "x wrk",
            "memory MB",
            "x wrk",
        ]
        .map(String::from)
        .to_vec(),
    ];
    let figures = [Done::cpu_us, Done::rate, Done::rss_mb];
    let ratio = |index: usize, figure: fn(&Done) -> f64| {
        median(rounds.iter().map(|r| figure(&r[index]) / figure(&r[0])))
    };
    for (index, client) in CLIENTS.iter().enumerate() {
        let mut row = vec![client.name().to_owned()];
        for figure in figures {
            let value = median(rounds.iter().map(|round| figure(&round[index])));
            row.push(format!("{value:.*}", if value < 100.0 { 2 } else { 0 }));
            row.push(format!("{:.2}", ratio(index, figure)));
        }
        table.push(row);
    }
    let loadgen = CLIENTS.iter().position(|&client| client == Client::Loadgen);
    Ok(Report {
        title: "Closed model, beside wrk and oha",
        method: format!(
            "{CONNECTIONS} keep-alive connections to one nginx worker on another core, which \
             answers with a little JSON; the client alone on its core, in turn, {} times {} s. \
             Medians, and the median of each round's ratio to wrk. loadgen has everything on: \
             recording, timeline, thresholds, result file.",
            options.rounds,
            options.length.as_secs()
        ),
        table,
        targets: vec![
            Target {
                name: "loadgen's CPU per request",
                measured: ratio(loadgen.expect("it takes part"), Done::cpu_us),
                at_most: MOST_CPU,
                unit: " x wrk's",
            },
            Target::none_invalid(rounds.iter().flatten().filter(|done| done.invalid).count()),
        ],
    })
}

/// One run, whose count must be what nginx counted, but for what was under way at the end.
fn one_run(client: Client, nginx: &Nginx, options: &Options) -> Result<Done> {
    let before = nginx.requests()?;
    let done = client.run(Job {
        url: &format!("{}/", nginx.url()),
        connections: CONNECTIONS,
        load: Load::Closed,
        length: options.length,
    })?;
    // The page that tells is a request too.
    let served = nginx.requests()? - before - 1;
    let name = client.name();
    if done.errors > 0 {
        return Err(format!("{name} met {} errors", done.errors).into());
    }
    if served.abs_diff(done.requests) > 2 * CONNECTIONS as u64 {
        let counted = done.requests;
        return Err(format!("{name} counted {counted} requests, nginx {served}").into());
    }
    Ok(done)
}
