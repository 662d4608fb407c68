//! The timeline as CSV (RFC 4180): for each interval a row of the totals, one of each step and one of
//! each group.

use super::{
    figures::{at, micros, per_second, rounded},
    intervals::{self, IntervalStats},
    model::{Interval, ResultFile},
};
use loadgen_record::Hist;
use std::borrow::Cow;

/// Rows of the totals have this in place of a step's id.
const TOTALS: &str = "totals";

const HEADER: &str = "t_s,interval_s,step,users,in_flight,queued,offered,dropped,\
    count,rate_per_s,errors,error_rate,\
    latency_p50_us,latency_p90_us,latency_p95_us,latency_p99_us,latency_max_us,\
    service_p50_us,service_p90_us,service_p95_us,service_p99_us,service_max_us,warmup,statuses";

/// The timeline. Times are in microseconds; a cell is empty where there is no value, which are
/// users, arrivals and the like of a step, and percentiles of an interval in which nothing ended.
/// `warmup` is 1 in the warm-up, which is in no statistics, and else 0. `statuses` are the status codes
/// of responses with their numbers: `200:57 404:3`.
///
/// # Errors
/// In words, when a histogram of the result cannot be read.
pub fn text(result: &ResultFile) -> Result<String, String> {
    let mut lines = vec![HEADER.to_owned()];
    for interval in &result.timeline {
        let parts = intervals::parts(result, interval)?;
        let load = format!(
            "{},{},{},{},{}",
            interval.users, interval.in_flight, interval.queued, interval.offered, interval.dropped
        );
        lines.push(row(interval, TOTALS, &load, &intervals::sum(&parts)));
        for (step, part) in result.steps.iter().zip(&parts) {
            lines.push(row(interval, &step.id, ",,,,", part));
        }
        let groups = intervals::groups(result, interval)?;
        for (group, part) in result.groups.iter().zip(&groups) {
            lines.push(row(interval, &group.id, ",,,,", part));
        }
    }
    lines.push(String::new());
    Ok(lines.join("\r\n"))
}

fn row(interval: &Interval, step: &str, load: &str, part: &IntervalStats) -> String {
    let error_rate = match part.count {
        0 => String::new(),
        count => rounded(part.errors as f64 / count as f64, 9).to_string(),
    };
    let statuses = part.statuses.iter();
    let statuses: Vec<String> = statuses
        .map(|(code, count)| format!("{code}:{count}"))
        .collect();
    format!(
        "{},{},{},{load},{},{},{},{error_rate},{},{},{},{}",
        interval.t_s,
        interval.interval_s,
        quoted(step),
        part.count,
        per_second(part.count, interval.interval_s as f64),
        part.errors,
        figures(&part.latency),
        figures(&part.service),
        u8::from(interval.warmup),
        statuses.join(" "),
    )
}

fn figures(times: &Hist) -> String {
    let Some(max) = times.max() else {
        return ",,,,".to_owned();
    };
    let [p50, p90, p95, p99] = [50.0, 90.0, 95.0, 99.0].map(|percent| at(times, percent));
    format!("{p50},{p90},{p95},{p99},{}", micros(max as f64))
}

/// A cell of text. One that a spreadsheet would take for a formula begins with a quote, by which
/// spreadsheets know text.
fn quoted(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@']) {
        return quoted(&format!("'{cell}")).into_owned().into();
    }
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\"")).into()
    } else {
        cell.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (id, cell) in [
            ("shop/read/GET /", "shop/read/GET /"),
            ("=1+cmd|calc!A1/t/s", "'=1+cmd|calc!A1/t/s"),
            ("@SUM(1)", "'@SUM(1)"),
            ("-2", "'-2"),
            ("+1,\"x\"", "\"'+1,\"\"x\"\"\""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(quoted(id), cell);
        }
    }
}
