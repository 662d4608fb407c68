//! Limits and resources of this process.

use crate::{gate::validity::Host, observe::processor_seconds};
use nix::sys::{
    resource::{Resource, UsageWho, getrlimit, getrusage, rlim_t, setrlimit},
    time::TimeValLike,
};
use procfs_core::{FromRead, process::Status};

/// Files besides connections: libraries, pipes, timers, outputs.
const OTHER_FILES: u64 = 64;

/// Raises the limit of open files to the hard one.
///
/// # Errors
/// In words, when even that is not enough for so many connections.
pub fn allow_connections(connections: u64) -> Result<(), String> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)
        .map_err(|error| format!("the limit of open files cannot be read: {error}"))?;
    let raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    let limit: rlim_t = if raised { hard } else { soft };
    let needed = connections.saturating_add(OTHER_FILES);
    if needed <= limit {
        return Ok(());
    }
    Err(format!(
        "this run needs {needed} open files ({connections} connections and {OTHER_FILES} others), \
         but the limit is {limit}: raise it with `ulimit -Hn {needed}`, or use fewer users or a \
         smaller max_in_flight"
    ))
}

/// Resources that this process has used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time, user and system, of all threads.
    pub cpu_seconds: f64,
    /// Processor time of the whole machine, where the system reports it.
    pub host: Option<Host>,
    /// The most memory it ever held.
    pub max_rss_bytes: u64,
}

impl Usage {
    /// Reads it; zeros where the system does not tell.
    pub fn now() -> Self {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
            return Self::default();
        };
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        // Linux counts kilobytes, macOS bytes.
        let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
        let counted = || u64::try_from(usage.max_rss()).unwrap_or_default() * unit;
        Self {
            cpu_seconds: micros as f64 / 1e6,
            host: host(),
            max_rss_bytes: own_peak().unwrap_or_else(counted),
        }
    }

    /// Resources used since `before`: the processor time after it, and the peak of all memory.
    pub fn since(self, before: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds - before.cpu_seconds,
            host: self.host.zip(before.host).map(|(now, before)| Host {
                busy_seconds: now.busy_seconds - before.busy_seconds,
                all_seconds: now.all_seconds - before.all_seconds,
            }),
            ..self
        }
    }
}

/// Processor time of this machine since it started.
fn host() -> Option<Host> {
    let (busy_seconds, all_seconds) = processor_seconds().ok()?;
    Some(Host {
        busy_seconds,
        all_seconds,
    })
}

/// The most memory that this program held, in bytes, where Linux tells. What `getrusage` counts
/// includes the program that this one took the place of, such as `cargo run`.
fn own_peak() -> Option<u64> {
    let status = Status::from_file("/proc/self/status").ok()?;
    Some(status.vmhwm? * 1024)
}

/// The processors that this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_counts_what_was_held_and_given_back() {
        let held = 256 << 20;
        drop(std::hint::black_box(vec![1u8; held]));
        let peak = own_peak().unwrap();
        assert!(peak >= held as u64, "{peak}");
        let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
        let counted = u64::try_from(usage.max_rss()).unwrap() * 1024;
        // The kernel brings neither up to date at once.
        assert!(peak <= counted + (16 << 20), "{peak} of {counted}");
    }
}
