//! Response times as existing HDR tools read them: the percentile distribution that
//! HdrHistogram and wrk2 print (`.hgrm`), and the interval log (`.hlog`).

use super::{
    intervals::{self, hist},
    model::ResultFile,
};
use loadgen_record::Hist;
use std::fmt::Write as _;

/// Rows per halving of the distance to 100 %: what the tools print by default.
const TICKS_PER_HALF: u32 = 5;

/// Times are recorded in ns and printed in ms.
const NS_PER_MS: f64 = 1e6;

/// The percentile distribution of all response times, in ms.
///
/// # Errors
/// In words, when the histogram of the result cannot be read.
pub fn percentiles(result: &ResultFile) -> Result<String, String> {
    let times = hist(result.totals.hdr.latency.as_deref())?;
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let ms = |ns: f64| ns / NS_PER_MS;
    let mut total = 0;
    if let Some(counts) = times.counts() {
        for row in counts.iter_quantiles(TICKS_PER_HALF) {
            total += row.count_since_last_iteration();
            let (value, share) = (
                ms(row.value_iterated_to() as f64),
                row.quantile_iterated_to(),
            );
            // Writing to a String cannot fail.
            let _ = write!(text, "{value:12.3} {share:.12} {total:10}");
            if share < 1.0 {
                let _ = write!(text, " {:14.2}", 1.0 / (1.0 - share));
            }
            text.push('\n');
        }
    }
    let (mean, deviation) = times.moments().unzip();
    let figure = |figure: Option<f64>| ms(figure.unwrap_or_default());
    let _ = write!(
        text,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n\
         #[Max     = {:12.3}, Total count    = {:12}]\n",
        figure(mean),
        figure(deviation),
        figure(times.max().map(|max| max as f64)),
        times.len(),
    );
    let _ = writeln!(
        text,
        "#[Buckets = {:12}, SubBuckets     = {:12}]",
        buckets(&times),
        2_048
    );
    Ok(text)
}

/// Doublings of the range of 2,048 sub-buckets until the greatest value fits.
fn buckets(times: &Hist) -> u32 {
    // Times are told apart from 64 ns on.
    let mut covered = 2_048u64 * 64;
    let mut buckets = 1;
    while covered <= times.max().unwrap_or_default() {
        covered *= 2;
        buckets += 1;
    }
    buckets
}

/// The interval log: the distribution of all response times of each interval in ns, and for each
/// step and group one with its id as the tag. `Interval_Max` is in ms. The warm-up is left out, as tools merge
/// all that is there.
///
/// # Errors
/// In words, when a histogram of the result cannot be read.
pub fn interval_log(result: &ResultFile) -> Result<String, String> {
    let started = result.run.started_at;
    let seconds = started.as_millisecond() as f64 / 1e3;
    let mut text = format!(
        "#[Response times of {} in nanoseconds, by loadgen {}]\n\
         #[Histogram log format version 1.3]\n\
         #[StartTime: {seconds:.3} (seconds since epoch), {started}]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
        one_line(&result.scenario.name),
        result
            .generators
            .first()
            .map_or("", |generator| &generator.version),
    );
    for interval in result.timeline.iter().filter(|one| !one.warmup) {
        let parts = intervals::parts(result, interval)?;
        let whole = intervals::sum(&parts);
        let groups = intervals::groups(result, interval)?;
        let steps = result.steps.iter().map(|step| &step.id).zip(&parts);
        let ids = steps.chain(result.groups.iter().map(|group| &group.id).zip(&groups));
        let tagged = ids.map(|(id, part)| (Some(id), part));
        let tagged = std::iter::once((None, &whole)).chain(tagged);
        for (tag, part) in tagged {
            let (Some(max), Some(encoded)) = (part.latency.max(), part.latency.to_base64()) else {
                continue;
            };
            // Writing to a String cannot fail.
            if let Some(id) = tag {
                let _ = write!(text, "Tag={},", self::tag(id));
            }
            let _ = writeln!(
                text,
                "{:.3},{:.3},{:.3},{encoded}",
                interval.t_s as f64,
                interval.interval_s as f64,
                max as f64 / NS_PER_MS,
            );
        }
    }
    Ok(text)
}

/// A tag may hold neither commas nor blanks.
fn tag(id: &str) -> String {
    let fits = |c: char| {
        if c == ',' || c.is_whitespace() || c.is_control() {
            '_'
        } else {
            c
        }
    };
    id.chars().map(fits).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
