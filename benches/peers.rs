//! CPU per request, requests per second and memory, each client at its full speed.

use crate::{
    Options, Result,
    client::{Client, Done, Job, Load},
    nginx::Nginx,
    report::{Report, Target, median},
    turns,
};

const CONNECTIONS: usize = 50;

/// In the order of the table; wrk is what the others are compared with.
const CLIENTS: [Client; 3] = [Client::Wrk, Client::Loadgen, Client::Oha];

/// Loadgen's CPU time per request, as a multiple of wrk's.
const MOST_CPU: f64 = 1.05;

/// Lets the clients take turns.
pub fn measure(options: &Options) -> Result<Report> {
    let nginx = Nginx::start(CONNECTIONS)?;
    let rounds = turns::take(options.rounds, &CLIENTS, |round, client| {
        let job = Job {
            url: &format!("{}/", nginx.url()),
            connections: CONNECTIONS,
            load: Load::Closed,
            length: options.length,
        };
        let before = nginx.requests()?;
        let done = client.run(job)?;
        nginx.check(before, &done, 2 * CONNECTIONS)?;
        println!(
            "round {round}: {:8} {:6.2} us CPU per request, {:7.0} requests/s, {:5.1} MB",
            client.name(),
            done.cpu_us(),
            done.rate(),
            done.rss_mb(),
        );
        Ok(done)
    })?;

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
        title: "Closed model, relative to wrk and oha",
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
