//! Needs of applications of HTTP, relative to the plain request that makes no use of them and to other
//! clients over TLS.

mod crowd;
mod form;
mod site;
mod subject;

use crate::{
    Options, Result,
    report::{Report, Target, median},
    turns,
};
use site::Site;
use subject::{CONNECTIONS, Subject};

/// A bound of CPU time per exchange.
struct Comparison {
    name: &'static str,
    subject: Subject,
    /// Their sum is what it is compared with.
    others: &'static [Subject],
    at_most: f64,
    unit: &'static str,
}

const COMPARISONS: [Comparison; 7] = [
    Comparison {
        name: "cookies",
        subject: Subject::Cookies,
        others: &[Subject::Plain],
        at_most: 1.15,
        unit: " x a plain GET",
    },
    Comparison {
        name: "a cookie that each response sets",
        subject: Subject::Renewed,
        others: &[Subject::Plain],
        at_most: 1.15,
        unit: " x a plain GET",
    },
    Comparison {
        name: "redirects, per exchange",
        subject: Subject::Redirects,
        others: &[Subject::Plain],
        at_most: 1.15,
        unit: " x a plain GET",
    },
    Comparison {
        name: "multipart",
        subject: Subject::Multipart,
        others: &[Subject::Post],
        at_most: 1.15,
        unit: " x a plain POST",
    },
    Comparison {
        name: "gzip",
        subject: Subject::Gzip,
        others: &[Subject::Packed, Subject::Inflating],
        at_most: 1.15,
        unit: " x left packed and inflating alone",
    },
    Comparison {
        name: "HTTPS/1.1",
        subject: Subject::Tls,
        others: &[Subject::WrkTls],
        at_most: 1.0,
        unit: " x wrk's",
    },
    Comparison {
        name: "HTTP/2 over TLS",
        subject: Subject::Http2,
        others: &[Subject::H2load],
        at_most: 1.5,
        unit: " x h2load's",
    },
];

/// Lets the subjects take turns, then sends ten thousand users.
pub fn measure(options: &Options) -> Result<Report> {
    let site = Site::start(CONNECTIONS, form::length())?;
    let rounds = turns::take(options.rounds, &Subject::ALL, |round, subject: Subject| {
        let cpu = subject.run(&site, options.length)?;
        let name = subject.name();
        println!("round {round}: {name:32} {cpu:6.2} us CPU per exchange");
        Ok(cpu)
    })?;
    let cpu = |round: &[f64], subject| {
        let own = Subject::ALL.iter().position(|one| *one == subject);
        round[own.expect("all are listed")]
    };
    let mut table = vec![["", "CPU us/exchange"].map(String::from).to_vec()];
    for subject in Subject::ALL {
        let middle = median(rounds.iter().map(|round| cpu(round, subject)));
        table.push(vec![subject.name().to_owned(), format!("{middle:.2}")]);
    }
    let compared = COMPARISONS.iter().map(|comparison| {
        let ratios = rounds.iter().map(|round| {
            let others = comparison.others.iter();
            cpu(round, comparison.subject) / others.map(|other| cpu(round, *other)).sum::<f64>()
        });
        Target {
            name: comparison.name,
            measured: median(ratios),
            at_most: comparison.at_most,
            unit: comparison.unit,
        }
    });
    let targets = compared.chain(crowd::measure()?).collect();
    Ok(Report {
        title: "HTTP with what applications need",
        method: format!(
            "{CONNECTIONS} keep-alive connections to one nginx worker on another core, the client alone on its core, in turn, \
             {} times {} s. Medians, and medians of the ratios within each round. All over TLS use TLS 1.3 with AES-128-GCM. \
             Afterwards 10,000 users with the cookies of a login and a pause of 1 to 2 s, of whom 500 come in a second.",
            options.rounds,
            options.length.as_secs()
        ),
        table,
        targets,
    })
}
