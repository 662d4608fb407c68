//! This machine, as Linux tells of it in /proc.

use super::Sample;
use std::{collections::HashMap, fs};

/// Bytes of a sector in /proc/diskstats, whatever the disk's own are.
const SECTOR: f64 = 512.0;

/// Makes samples of one look after the other.
#[derive(Debug, Default)]
pub struct Reader {
    before: Option<(f64, Counters)>,
}

/// What rises as long as the machine runs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counters {
    busy: f64,
    all: f64,
    read: f64,
    written: f64,
    received: f64,
    sent: f64,
}

impl Reader {
    /// The samples at a time in seconds. What rises has none the first time.
    ///
    /// # Errors
    /// In words, where there is no such thing as /proc.
    pub fn read(&mut self, at: f64) -> Result<Vec<Sample>, String> {
        let text = |name: &str| {
            let path = format!("/proc/{name}");
            fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
        };
        let mut now = Counters::default();
        (now.busy, now.all) = processor_ticks(&text("stat")?).ok_or("/proc/stat says nothing")?;
        // In a container these may be missing.
        let disks = text("diskstats").unwrap_or_default();
        (now.read, now.written) = sectors(&disks, |name| {
            fs::exists(format!("/sys/block/{name}")).unwrap_or(false)
        });
        (now.received, now.sent) = network(&text("net/dev").unwrap_or_default());
        let mut samples = memory(&text("meminfo")?);
        if let Some((before_at, before)) = self.before.replace((at, now)) {
            samples.extend(between(before, now, at - before_at));
        }
        Ok(samples)
    }
}

fn between(before: Counters, now: Counters, passed: f64) -> Vec<Sample> {
    let rose = |pick: fn(&Counters) -> f64| (pick(&now) - pick(&before)).max(0.0);
    let mut samples = Vec::new();
    let all = rose(|counters| counters.all);
    if all > 0.0 {
        let busy = rose(|counters| counters.busy) / all;
        samples.push(Sample::share("cpu".to_owned(), busy.min(1.0)));
    }
    if passed > 0.0 {
        for (metric, rose) in [
            ("disk_read", rose(|counters| counters.read)),
            ("disk_written", rose(|counters| counters.written)),
            ("network_received", rose(|counters| counters.received)),
            ("network_sent", rose(|counters| counters.sent)),
        ] {
            samples.push(Sample::rate(metric.to_owned(), "B/s", rose, passed));
        }
    }
    samples
}

/// Busy time and all time of all processors, in ticks.
pub fn processor_ticks(stat: &str) -> Option<(f64, f64)> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        // What guests use is part of what users do.
        .take(8)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    let all: f64 = ticks.iter().sum();
    // The fourth is idle, the fifth waits for a disk.
    let idle: f64 = ticks.get(3..5)?.iter().sum();
    Some((all - idle, all))
}

/// Used memory, as a share and in bytes.
fn memory(meminfo: &str) -> Vec<Sample> {
    let of = |name: &str| {
        let line = meminfo.lines().find(|line| line.starts_with(name))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024.0)
    };
    let (Some(total), Some(available)) = (of("MemTotal:"), of("MemAvailable:")) else {
        return Vec::new();
    };
    let used = (total - available).max(0.0);
    vec![
        Sample::share("memory".to_owned(), used / total.max(1.0)),
        Sample::level("memory_bytes".to_owned(), "B", used),
    ]
}

/// Bytes read from and written to whole disks, which `is_disk` tells from their parts.
fn sectors(diskstats: &str, is_disk: impl Fn(&str) -> bool) -> (f64, f64) {
    let mut sums = (0.0, 0.0);
    for line in diskstats.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, _, name, _, _, read, _, _, _, written, ..] = fields[..] else {
            continue;
        };
        let ours = !["loop", "ram", "zram", "dm-", "md"]
            .iter()
            .any(|own| name.starts_with(own));
        if ours && is_disk(name) {
            sums.0 += read.parse().unwrap_or(0.0) * SECTOR;
            sums.1 += written.parse().unwrap_or(0.0) * SECTOR;
        }
    }
    sums
}

/// Bytes received and sent over all interfaces but the loopback.
fn network(dev: &str) -> (f64, f64) {
    let mut by_name: HashMap<&str, (f64, f64)> = HashMap::new();
    for line in dev.lines() {
        let Some((name, rest)) = line.split_once(':') else {
            continue;
        };
        let fields: Vec<f64> = rest
            .split_whitespace()
            .map(|field| field.parse().unwrap_or(0.0))
            .collect();
        if let (Some(received), Some(sent)) = (fields.first(), fields.get(8)) {
            by_name.insert(name.trim(), (*received, *sent));
        }
    }
    by_name.remove("lo");
    by_name
        .values()
        .fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_rates_are_those_between_two_looks() {
        let stat = "cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 1 2 3\n";
        assert_eq!(processor_ticks(stat), Some((150.0, 1000.0)));
        assert_eq!(processor_ticks("nothing"), None);
        let disks = "   8 0 sda 10 0 100 5 20 0 200 7 0 0 0\n   8 1 sda1 9 0 90 5 20 0 200 7\n   7 0 loop0 1 0 8 0 0 0 0 0\n";
        let sums = sectors(disks, |name| name != "sda1");
        assert_eq!(sums, (51_200.0, 102_400.0));
        let dev = "Inter-| Receive\n face |bytes\n  lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\neth0: 1000 1 0 0 0 0 0 0 300 1 0 0 0 0 0 0\n";
        assert_eq!(network(dev), (1000.0, 300.0));
        let used = memory("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 750 kB\n");
        assert_eq!((used[0].value, used[1].value), (0.25, 256_000.0));
        let before = Counters::default();
        let now = Counters {
            busy: 30.0,
            all: 120.0,
            read: 4096.0,
            ..before
        };
        let samples = between(before, now, 2.0);
        assert_eq!(
            (samples[0].metric.as_str(), samples[0].value),
            ("cpu", 0.25)
        );
        assert_eq!((samples[1].value, samples[1].rose), (2048.0, Some(4096.0)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells_all_that_is_known_of_it() {
        let mut reader = Reader::default();
        reader.read(0.0).unwrap();
        // A tick of the processors takes its time.
        std::thread::sleep(std::time::Duration::from_millis(50));
        let samples = reader.read(1.0).unwrap();
        for metric in crate::plan::observe::HOST {
            assert!(
                samples.iter().any(|sample| sample.metric == metric),
                "{metric}"
            );
        }
    }
}
