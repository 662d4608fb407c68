//! Processes on a core of their own, and what they used.

use crate::Result;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::{
        resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit},
        signal::{Signal, kill},
        time::{TimeVal, TimeValLike},
    },
    time::{ClockId, clock_gettime},
    unistd::Pid,
};
use procfs_core::{
    ExplicitSystemInfo, FromRead, FromReadSI, KernelStats, LoadAverage, process::Status,
};
use std::{
    fs::File,
    io::{self, Seek, Write},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Core of the clients.
pub const CLIENT_CORE: usize = 0;
/// Core of the servers, and of this program.
pub const SERVER_CORE: usize = 1;

/// Interval of reading a client's memory. The kernel keeps the highest value, so only growth in
/// the very last moments is missed.
const POLL: Duration = Duration::from_millis(20);

/// Resources that a client used from its start to its end.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Its exit code.
    pub code: i32,
    /// Time on a core, in user space and in the kernel.
    pub cpu: Duration,
    /// Time by the clock.
    pub wall: Duration,
    /// Time in ticks that the host kept its core and the servers' from this machine.
    pub stolen: u64,
    /// Highest resident memory, in bytes.
    pub max_rss: u64,
    /// Standard output.
    pub stdout: String,
}

/// Takes the servers' core, once it is sure that the clients have another.
pub fn settle() -> Result<()> {
    let allowed = sched_getaffinity(Pid::this())?;
    for core in [CLIENT_CORE, SERVER_CORE] {
        if !allowed.is_set(core)? {
            return Err(format!("core {core} is not to be had: two are needed").into());
        }
    }
    pin(SERVER_CORE)
}

/// Keeps idle cores from being halted until it is dropped, where the system lets this program do so.
///
/// A client that has less to do than its core can is asleep most of the time, and what waking it
/// costs is charged to whoever does it: on a virtual machine, whose cores are woken by its host,
/// more than a request does.
pub fn keep_awake() -> Option<File> {
    let mut tolerated = File::options()
        .write(true)
        .open("/dev/cpu_dma_latency")
        .ok()?;
    // In microseconds, for as long as the file is open (PM QoS).
    tolerated.write_all(&0_i32.to_ne_bytes()).ok()?;
    Some(tolerated)
}

/// Number of processes that wanted a core in the last minute, from the system's load average.
pub fn load_average() -> Result<f32> {
    Ok(LoadAverage::from_file("/proc/loadavg")?.one)
}

/// Starts a process on a core; what this program does afterwards runs on the server's.
pub fn start(command: &mut Command, core: usize) -> Result<Child> {
    pin(core)?;
    let child = command.spawn();
    pin(SERVER_CORE)?;
    let name = command.get_program().to_string_lossy().into_owned();
    child.map_err(|error| format!("{name}: {error}").into())
}

/// Does work of this program's own on the clients' core; gives the time that it took there.
pub fn on_client_core(work: impl FnOnce()) -> Result<Duration> {
    pin(CLIENT_CORE)?;
    let before = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    work();
    let after = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    pin(SERVER_CORE)?;
    Ok(Duration::from(after?) - Duration::from(before?))
}

/// A client under way on its core. It is ended when this is dropped.
pub struct Running {
    child: Child,
    command: String,
    output: File,
    began: Instant,
    stolen: u64,
    max_rss: u64,
}

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Result<Self> {
        let stolen = stolen()?;
        let began = Instant::now();
        let output = tempfile::tempfile()?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(Stdio::inherit());
        Ok(Self {
            child: start(command, CLIENT_CORE)?,
            command: format!("{command:?}"),
            output,
            began,
            stolen,
            max_rss: 0,
        })
    }

    /// Time of its start.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(
            Pid::from_raw(i32::try_from(self.child.id())?),
            signal,
        )?)
    }

    /// Resources that it used, if it has ended by itself. Must not be called again after that.
    pub fn ended(&mut self) -> Result<Option<Usage>> {
        let rss = highest_rss(self.child.id()).unwrap_or_default();
        self.max_rss = self.max_rss.max(rss);
        let before = cpu_of_children()?;
        let Some(exit) = self.child.try_wait()? else {
            return Ok(None);
        };
        // Nothing else was waited for meanwhile, so the difference is this client's.
        let cpu = cpu_of_children()? - before;
        self.output.rewind()?;
        let stdout = io::read_to_string(&self.output)?;
        let command = &self.command;
        Ok(Some(Usage {
            code: exit.code().ok_or_else(|| format!("{command}: {exit}"))?,
            cpu,
            wall: self.began.elapsed(),
            stolen: stolen()?.saturating_sub(self.stolen),
            max_rss: self.max_rss,
            stdout,
        }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing is left to do when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a client to its end, which must come in time.
pub fn run(command: &mut Command, limit: Duration) -> Result<Usage> {
    let [usage] = run_at_once([command], limit)?;
    Ok(usage)
}

/// Runs clients at the same time, all on the clients' core, each to its end in time.
pub fn run_at_once<const N: usize>(
    commands: [&mut Command; N],
    limit: Duration,
) -> Result<[Usage; N]> {
    let mut running = Vec::with_capacity(N);
    for command in commands {
        running.push((Running::start(command)?, None));
    }
    loop {
        for (client, usage) in running.iter_mut().filter(|(_, usage)| usage.is_none()) {
            *usage = client.ended()?;
            if usage.is_none() && client.began.elapsed() > limit {
                return Err(format!("{} did not end within {limit:?}", client.command).into());
            }
        }
        if running.iter().all(|(_, usage)| usage.is_some()) {
            let used: Vec<Usage> = running.into_iter().filter_map(|(_, usage)| usage).collect();
            return Ok(used.try_into().expect("one of each client"));
        }
        sleep(POLL);
    }
}

/// Lets this program and its children open as many files as the system allows.
pub fn raise_open_files(needed: u64) -> Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if hard < needed {
        return Err(format!("{needed} open files are needed, {hard} allowed (ulimit -Hn)").into());
    }
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}

fn pin(core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &cores)?)
}

fn cpu_of_children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = |value: TimeVal| Duration::from_micros(value.num_microseconds() as u64);
    Ok(time(usage.user_time()) + time(usage.system_time()))
}

/// Ticks that the host has ever kept from both cores; zero where the system does not tell.
fn stolen() -> Result<u64> {
    // Ticks are not converted to seconds, so that their length does not matter.
    let system = ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: 100,
        page_size: 4096,
        is_little_endian: true,
    };
    let stats = KernelStats::from_file("/proc/stat", &system)?;
    let cores = [CLIENT_CORE, SERVER_CORE].into_iter();
    Ok(cores
        .filter_map(|core| stats.cpu_time.get(core)?.steal)
        .sum())
}

fn highest_rss(process: u32) -> Option<u64> {
    let status = Status::from_file(format!("/proc/{process}/status")).ok()?;
    Some(status.vmhwm? * 1024)
}
