//! Cost of the dashboards to the load: its own CPU per request with them and without.

use crate::{
    Options, Result,
    nginx::Nginx,
    process::{self, CLIENT_CORE},
    ratio::Ratio,
    report::{Report, Target, median},
};
use nix::{
    libc,
    pty::{OpenptyResult, openpty},
};
use procfs_core::{FromRead, process::Schedstat};
use serde_json::Value;
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 50;

/// Bound on the ratio's upper end.
const MOST_RATIO: f64 = 1.05;

/// Interval of reading threads' CPU: what they use after the last reading is not counted, with the
/// dashboard as without.
const LOOK: Duration = Duration::from_millis(5);

/// Ways of watching the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    Not,
    /// `--dashboard tui` in a terminal of 120 by 40.
    Tui,
    /// `--web`, with a viewer that reads all it is sent.
    Web,
}

/// Without comes first: the others are compared with it.
const TURNS: [Watched; 3] = [Watched::Not, Watched::Tui, Watched::Web];

/// Resources that a run used.
#[derive(Debug, Clone, Copy)]
struct Used {
    requests: f64,
    /// CPU of the threads that make the load.
    load: Duration,
    /// CPU of the whole process.
    process: f64,
}

impl Used {
    fn load_us(&self) -> f64 {
        self.load.as_secs_f64() * 1e6 / self.requests
    }

    fn process_us(&self) -> f64 {
        self.process * 1e6 / self.requests
    }
}

/// In each round the three take turns, in every second one backwards.
pub fn measure(options: &Options) -> Result<Report> {
    let nginx = Nginx::start(CONNECTIONS)?;
    let rounds = options.rounds.max(2);
    let mut used: Vec<[Used; TURNS.len()]> = Vec::new();
    for round in 0..rounds {
        let mut one = [None; TURNS.len()];
        for turn in 0..TURNS.len() {
            let index = match round % 2 {
                0 => turn,
                _ => TURNS.len() - 1 - turn,
            };
            let done = run(TURNS[index], &nginx, options.length)?;
            println!(
                "round {}: {:4} {:6.3} us CPU per request of the load, {:6.3} of the process, {:7.0} requests",
                round + 1,
                TURNS[index].name(),
                done.load_us(),
                done.process_us(),
                done.requests,
            );
            one[index] = Some(done);
        }
        used.push(one.map(|one| one.expect("each took its turn")));
    }
    let mut table = vec![
        [
            "",
            "load: CPU us/request",
            "beside none",
            "upper 95 %",
            "process: CPU us/request",
            "beside none",
            "requests, beside none",
        ]
        .map(String::from)
        .to_vec(),
    ];
    let mut targets = Vec::new();
    for (index, watched) in TURNS.iter().enumerate() {
        let middle = |figure: fn(&Used) -> f64| median(used.iter().map(|one| figure(&one[index])));
        let beside_none = |figure: fn(&Used) -> f64| {
            Ratio::of(used.iter().map(|one| figure(&one[index]) / figure(&one[0])))
        };
        let load = beside_none(Used::load_us);
        let ratio = |ratio: f64| match watched {
            Watched::Not => String::new(),
            _ => format!("{ratio:.3}"),
        };
        table.push(vec![
            watched.name().to_owned(),
            format!("{:.3}", middle(Used::load_us)),
            ratio(load.mean),
            ratio(load.upper),
            format!("{:.3}", middle(Used::process_us)),
            ratio(beside_none(Used::process_us).mean),
            ratio(beside_none(|used| used.requests).mean),
        ]);
        let name = match watched {
            Watched::Not => continue,
            Watched::Tui => "tui: the load's CPU per request, upper bound",
            Watched::Web => "web: the load's CPU per request, upper bound",
        };
        targets.push(Target {
            name,
            measured: load.upper,
            at_most: MOST_RATIO,
            unit: " x without",
        });
    }
    Ok(Report {
        title: "What the dashboards cost the load",
        method: format!(
            "{CONNECTIONS} keep-alive connections at full speed to one nginx worker on another core; loadgen with \
             one worker and its dashboard on one core. {rounds} rounds of {} s each, without, with `--dashboard tui` \
             in a pseudo-terminal of 120 by 40, and with `--web` and a viewer, in turn, every second round backwards. \
             CPU of the load is that of the worker threads (schedstat). Ratios are geometric means of those within \
             the rounds; the bound is one-sided, by Student's t on their logarithms.",
            options.length.as_secs()
        ),
        table,
        targets,
    })
}

impl Watched {
    fn name(self) -> &'static str {
        match self {
            Watched::Not => "none",
            Watched::Tui => "tui",
            Watched::Web => "web",
        }
    }
}

fn run(watched: Watched, nginx: &Nginx, length: Duration) -> Result<Used> {
    let folder = tempfile::tempdir()?;
    let (file, result) = (
        folder.path().join("bench.toml"),
        folder.path().join("result.json"),
    );
    let (url, seconds) = (nginx.url(), length.as_secs());
    fs::write(
        &file,
        format!(
            "thresholds = ['p95 < 1s', 'error_rate < 1%']\n[target]\nurl = '{url}'\n\
             [load]\nusers = {CONNECTIONS}\nduration = '{seconds}s'\n\
             [[task]]\nname = 'get'\n[[task.step]]\nget = '/'\nexpect = {{ status = 200 }}\n"
        ),
    )?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command
        .arg("run")
        .arg(&file)
        .args(["--workers", "1", "--json"])
        .arg(&result);
    command.env("TERM", "xterm-256color");
    match watched {
        Watched::Not => command.args(["--dashboard", "off"]),
        Watched::Tui => command.args(["--dashboard", "tui"]),
        Watched::Web => command.args(["--dashboard", "off", "--web", &format!("127.0.0.1:{port}")]),
    };
    // A terminal for all of them: only what is drawn differs.
    let terminal = terminal(&mut command)?;
    let mut child = process::start(&mut command, CLIENT_CORE)?;
    // Its end of the terminal, without which the reader sees the end.
    drop(command);
    let viewer = match watched {
        Watched::Web => Some(thread::spawn(move || view(port))),
        _ => None,
    };
    let limit = Instant::now() + length + Duration::from_secs(60);
    let mut seen = HashMap::new();
    let exit = loop {
        look(child.id(), &mut seen);
        if let Some(exit) = child.try_wait()? {
            break exit;
        }
        if Instant::now() > limit {
            child.kill()?;
            child.wait()?;
            return Err(format!("{}: did not end", watched.name()).into());
        }
        sleep(LOOK);
    };
    let shown = terminal
        .join()
        .map_err(|_| "the terminal's reader failed")?;
    if !matches!(exit.code(), Some(0 | 96)) {
        return Err(format!(
            "{}: {exit}\n{}",
            watched.name(),
            String::from_utf8_lossy(&shown)
        )
        .into());
    }
    // The alternate screen is left at the end: nothing else draws so much.
    if (watched == Watched::Tui) != shown.windows(8).any(|bytes| bytes == b"\x1b[?1049h") {
        return Err(format!("{}: not what was to be shown", watched.name()).into());
    }
    if let Some(viewer) = viewer {
        let events = viewer.join().map_err(|_| "the viewer failed")??;
        if events < seconds {
            return Err(format!("web: the viewer saw {events} events in {seconds} s").into());
        }
    }
    let result: Value = serde_json::from_slice(&fs::read(result)?)?;
    let number = |path| {
        let number = result.pointer(path).and_then(Value::as_f64);
        number.ok_or_else(|| format!("no number at {path} of loadgen's result"))
    };
    if number("/totals/errors/count")? > 0.0 {
        return Err(format!("{}: {}", watched.name(), result["totals"]["errors"]).into());
    }
    Ok(Used {
        requests: number("/totals/count")?,
        load: Duration::from_nanos(seen.values().sum()),
        process: number("/generators/0/cpu_seconds")?,
    })
}

/// The last thing that is known of the CPU time of each worker thread.
fn look(process: u32, seen: &mut HashMap<String, u64>) {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return;
    };
    for thread in threads.flatten() {
        let path = thread.path();
        let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
        if !name.starts_with("worker-") {
            continue;
        }
        if let Ok(spent) = Schedstat::from_file(path.join("schedstat")) {
            seen.insert(path.display().to_string(), spent.sum_exec_runtime);
        }
    }
}

/// Reads the page's events to their end, and counts them.
fn view(port: u16) -> std::result::Result<u64, String> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut socket = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(socket) => break socket,
            Err(error) if Instant::now() > deadline => return Err(error.to_string()),
            Err(_) => sleep(LOOK),
        }
    };
    let request = format!("GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    socket
        .write_all(request.as_bytes())
        .map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    // However the server ends.
    let _ = socket.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    Ok(text
        .lines()
        .filter(|line| line.starts_with("data:"))
        .count() as u64)
}

/// Starts the command in a pseudo-terminal, whose other end is read: all that is shown.
fn terminal(command: &mut Command) -> Result<JoinHandle<Vec<u8>>> {
    let size = libc::winsize {
        ws_row: 40,
        ws_col: 120,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let OpenptyResult { master, slave } = openpty(Some(&size), None)?;
    command
        .stdin(Stdio::from(slave.try_clone()?))
        .stdout(Stdio::from(slave.try_clone()?))
        .stderr(Stdio::from(slave));
    let mut master = File::from(master);
    Ok(thread::spawn(move || {
        let (mut shown, mut chunk) = (Vec::new(), [0; 65536]);
        // An error is how the end of a terminal looks.
        while let Ok(read @ 1..) = master.read(&mut chunk) {
            shown.extend_from_slice(&chunk[..read]);
        }
        shown
    }))
}
