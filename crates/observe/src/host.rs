//! This machine, as Linux tells of it in /proc.

use super::Sample;
use procfs_core::{
    CpuTime, DiskStat, DiskStats, ExplicitSystemInfo, FromRead, FromReadSI, KernelStats, Meminfo,
    ProcResult,
    net::{DeviceStatus, InterfaceDeviceStatus},
};
use std::fs::{self, File};

/// Bytes of a sector in /proc/diskstats, whatever the disk's own are.
const SECTOR: f64 = 512.0;

/// Clock ticks a second that Linux tells programs of, whatever it counts in itself.
const TICKS: f64 = 100.0;

/// All that reading /proc/stat takes is the ticks.
const SYSTEM: ExplicitSystemInfo = ExplicitSystemInfo {
    boot_time_secs: 0,
    ticks_per_second: TICKS as u64,
    page_size: 4096,
    is_little_endian: cfg!(target_endian = "little"),
};

/// Makes samples of one look after the other.
#[derive(Debug, Default)]
pub struct Reader {
    before: Option<(f64, Counters)>,
}

/// Counters that rise as long as the machine runs.
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
        let mut now = Counters::default();
        (now.busy, now.all) = processor_seconds()?;
        // In a container the others may be missing, or not whole.
        if let Ok(DiskStats(disks)) = read("diskstats", DiskStats::from_read) {
            (now.read, now.written) = disk_bytes(&disks, |name| {
                fs::exists(format!("/sys/block/{name}")).unwrap_or(false)
            });
        }
        if let Ok(InterfaceDeviceStatus(interfaces)) =
            read("net/dev", InterfaceDeviceStatus::from_read)
        {
            (now.received, now.sent) = network_bytes(interfaces.values());
        }
        let mut samples = read("meminfo", Meminfo::from_read)
            .map(|meminfo| memory(&meminfo))
            .unwrap_or_default();
        if let Some((before_at, before)) = self.before.replace((at, now)) {
            samples.extend(between(before, now, at - before_at));
        }
        Ok(samples)
    }
}

fn read<T>(name: &str, parse: impl Fn(File) -> ProcResult<T>) -> Result<T, String> {
    let path = format!("/proc/{name}");
    let file = File::open(&path).map_err(|error| format!("{path}: {error}"))?;
    parse(file).map_err(|error| format!("{path}: {error}"))
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

/// Busy time and all time of all processors since the machine started, in seconds.
///
/// # Errors
/// In words, where there is no such thing as /proc.
pub fn processor_seconds() -> Result<(f64, f64), String> {
    let stats = read("stat", |file| KernelStats::from_read(file, &SYSTEM))?;
    Ok(busy_and_all(&stats.total))
}

fn busy_and_all(times: &CpuTime) -> (f64, f64) {
    let or_none = Option::unwrap_or_default;
    // Guests' time is part of users' time.
    let busy = times.user
        + times.nice
        + times.system
        + [times.irq, times.softirq, times.steal]
            .map(or_none)
            .iter()
            .sum::<u64>();
    let all = busy + times.idle + or_none(times.iowait);
    (busy as f64 / TICKS, all as f64 / TICKS)
}

/// Used memory, as a share and in bytes.
fn memory(memory: &Meminfo) -> Vec<Sample> {
    let Some(available) = memory.mem_available else {
        return Vec::new();
    };
    let used = memory.mem_total.saturating_sub(available) as f64;
    vec![
        Sample::share("memory".to_owned(), used / memory.mem_total.max(1) as f64),
        Sample::level("memory_bytes".to_owned(), "B", used),
    ]
}

/// Bytes read from and written to whole disks, which `is_disk` tells from their parts.
fn disk_bytes(disks: &[DiskStat], is_disk: impl Fn(&str) -> bool) -> (f64, f64) {
    let is_virtual = |name: &str| {
        ["loop", "ram", "zram", "dm-", "md"]
            .iter()
            .any(|own| name.starts_with(own))
    };
    let whole = disks
        .iter()
        .filter(|disk| !is_virtual(&disk.name) && is_disk(&disk.name));
    whole.fold((0.0, 0.0), |(read, written), disk| {
        (
            read + disk.sectors_read as f64 * SECTOR,
            written + disk.sectors_written as f64 * SECTOR,
        )
    })
}

/// Bytes received and sent over all interfaces but the loopback.
fn network_bytes<'a>(interfaces: impl Iterator<Item = &'a DeviceStatus>) -> (f64, f64) {
    interfaces.filter(|interface| interface.name != "lo").fold(
        (0.0, 0.0),
        |(received, sent), interface| {
            (
                received + interface.recv_bytes as f64,
                sent + interface.sent_bytes as f64,
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All fields that there must be.
    const MEMINFO: &str = "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 750 kB\nBuffers: 0 kB\n\
        Cached: 0 kB\nSwapCached: 0 kB\nActive: 0 kB\nInactive: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n\
        Dirty: 0 kB\nWriteback: 0 kB\nMapped: 0 kB\nSlab: 0 kB\nCommitted_AS: 0 kB\n\
        VmallocTotal: 0 kB\nVmallocUsed: 0 kB\nVmallocChunk: 0 kB\n";

    #[test]
    fn shares_and_rates_are_those_between_two_looks() {
        let stat = "cpu  100 0 50 800 50 0 0 0 7 0\nctxt 1\nbtime 1\nprocesses 1\n";
        let stats = KernelStats::from_read(stat.as_bytes(), &SYSTEM).unwrap();
        assert_eq!(busy_and_all(&stats.total), (1.5, 10.0));
        let disks = "   8 0 sda 10 0 100 5 20 0 200 7 0 0 0\n   8 1 sda1 9 0 90 5 20 0 200 7 0 0 0\n   7 0 loop0 1 0 8 0 0 0 0 0 0 0 0\n";
        let DiskStats(disks) = DiskStats::from_read(disks.as_bytes()).unwrap();
        let sums = disk_bytes(&disks, |name| name != "sda1");
        assert_eq!(sums, (51_200.0, 102_400.0));
        let dev = "Inter-| Receive\n face |bytes\n  lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\neth0: 1000 1 0 0 0 0 0 0 300 1 0 0 0 0 0 0\n";
        let InterfaceDeviceStatus(interfaces) =
            InterfaceDeviceStatus::from_read(dev.as_bytes()).unwrap();
        assert_eq!(network_bytes(interfaces.values()), (1000.0, 300.0));
        let mut meminfo = Meminfo::from_read(MEMINFO.as_bytes()).unwrap();
        let used = memory(&meminfo);
        assert_eq!((used[0].value, used[1].value), (0.25, 256_000.0));
        meminfo.mem_available = None;
        assert!(memory(&meminfo).is_empty());
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
        for metric in loadgen_plan::observe::HOST {
            assert!(
                samples.iter().any(|sample| sample.metric == metric),
                "{metric}"
            );
        }
    }
}
