//! Ten thousand users who think.

use crate::{
    Options, Result,
    client::{Client, Job, Load},
    nginx::Nginx,
    process::raise_open_files,
    report::{Report, Target},
};
use std::time::Duration;

const USERS: usize = 10_000;

/// Long enough for all of them to come and to make some requests.
const LEAST: Duration = Duration::from_secs(20);

/// Loadgen's highest resident memory.
const MOST_MB: f64 = 150.0;

/// One run of loadgen; the others have no think time.
pub fn measure(options: &Options) -> Result<Report> {
    // A connection of each user, at either end of it, and a few of their own.
    raise_open_files(USERS as u64 + 200)?;
    let nginx = Nginx::start(USERS)?;
    let length = options.length.max(LEAST);
    let done = Client::Loadgen.run(Job {
        url: &format!("{}/", nginx.url()),
        connections: USERS,
        load: Load::Thinking,
        length,
    })?;
    let row = vec![
        done.requests.to_string(),
        done.errors.to_string(),
        format!("{:.1}", done.rss_mb()),
        format!("{:.2}", done.cpu_us()),
    ];
    let head = ["requests", "errors", "memory MB", "CPU us/request"];
    Ok(Report {
        title: "10,000 users with think time",
        method: format!(
            "Each has a keep-alive connection to one nginx worker and pauses for 1 to 2 s; all \
             have come after 5 s of {} s.",
            length.as_secs()
        ),
        table: vec![head.map(String::from).to_vec(), row],
        targets: vec![
            Target {
                name: "highest resident memory",
                measured: done.rss_mb(),
                at_most: MOST_MB,
                unit: " MB",
            },
            Target {
                name: "errors",
                measured: done.errors as f64,
                at_most: 0.0,
                unit: "",
            },
            Target::none_invalid(usize::from(done.invalid)),
        ],
    })
}
