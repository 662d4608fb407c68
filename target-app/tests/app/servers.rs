//! Private database servers: in a temporary folder, on a free port, gone with the test program.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to answer, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the server of its arguments for every line on stdin. When stdin ends, however its owner
/// went, it ends the server and removes its folder.
const KEEPER: &str = r#"
folder=$1; shift
server=
while read -r _; do
    [ -z "$server" ] || wait "$server"
    "$@" </dev/null >>"$folder/log" 2>&1 &
    server=$!
    echo "$server" >"$folder/pid"
done
kill -QUIT "$server" 2>/dev/null
sleep 0.1
kill -KILL "$server" 2>/dev/null
wait
rm -rf "$folder"
"#;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    MariaDb,
    Redis,
}

/// A server of one's own, stopped when dropped.
pub struct Server {
    kind: Kind,
    pub port: u16,
    folder: PathBuf,
    /// Arguments beyond those that make it private.
    extra: Vec<String>,
    /// Leads the group of its processes.
    pub keeper: Option<Child>,
}

impl Server {
    pub fn start(kind: Kind, extra: &[&str]) -> Self {
        let folder = TempDir::with_prefix("loadgen-server-").unwrap().keep();
        // The server's user must get in.
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        let mut server = Self {
            kind,
            port: free_port(),
            folder,
            extra: extra.iter().map(|&extra| extra.to_owned()).collect(),
            keeper: None,
        };
        server.install();
        server.keep();
        server.restart();
        server
    }

    fn install(&self) {
        let data = self.folder.join("data");
        let data = data.display();
        let line = match self.kind {
            Kind::Postgres => format!(
                "{} -D {data} -U postgres -A trust -N -E UTF8 --locale=C.UTF-8",
                postgres("initdb")
            ),
            Kind::MariaDb => format!(
                "mariadb-install-db --no-defaults --user=nobody --datadir={data} \
                 --auth-root-authentication-method=normal"
            ),
            Kind::Redis => return,
        };
        let mut command = as_nobody(&line);
        let output = command.current_dir(&self.folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
    }

    fn line(&self) -> String {
        let (folder, port) = (self.folder.display(), self.port);
        let mut line = match self.kind {
            Kind::Postgres => format!(
                "{} -D {folder}/data -c listen_addresses=127.0.0.1 -c port={port} \
                 -c unix_socket_directories= -c fsync=off",
                postgres("postgres")
            ),
            Kind::MariaDb => format!(
                "mariadbd --no-defaults --user=nobody --datadir={folder}/data \
                 --socket={folder}/socket --pid-file={folder}/mariadbd.pid --bind-address=127.0.0.1 --port={port} \
                 --innodb-flush-log-at-trx-commit=2 --max-connections=300"
            ),
            Kind::Redis => {
                format!("redis-server --bind 127.0.0.1 --port {port} --dir {folder} --save")
            }
        };
        for extra in &self.extra {
            line.push(' ');
            line.push_str(extra);
        }
        line
    }

    fn keep(&mut self) {
        let server = as_nobody(&self.line());
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.folder);
        keeper.arg(server.get_program()).args(server.get_args());
        // Not in this program's group, so that Ctrl-C leaves it the time to tidy up.
        std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null());
        self.keeper = Some(keeper.spawn().unwrap());
    }

    /// Starts it, again if need be, on the data that is there.
    pub fn restart(&mut self) {
        let keeper = self.keeper.as_mut().unwrap();
        keeper.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !self.answers() {
            let log = || std::fs::read_to_string(self.folder.join("log"));
            assert!(Instant::now() < deadline, "not up: {:?}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        match self.kind {
            Kind::Redis => TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok(),
            Kind::Postgres => self.client("SELECT 1").is_ok_and(|status| status.success()),
            Kind::MariaDb => self.client("SELECT 1").is_ok_and(|status| status.success()),
        }
    }

    /// Runs SQL with the server's own client.
    fn client(&self, sql: &str) -> std::io::Result<std::process::ExitStatus> {
        let port = self.port.to_string();
        let mut command = match self.kind {
            Kind::MariaDb => {
                let mut command = Command::new("mariadb");
                command.args([
                    "--no-defaults",
                    "-h",
                    "127.0.0.1",
                    "-u",
                    "root",
                    "-P",
                    &port,
                ]);
                command.args(["--connect-timeout=5", "-e", sql]);
                command
            }
            Kind::Postgres | Kind::Redis => {
                let mut command = Command::new("psql");
                command.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &port, "-qc", sql]);
                command
            }
        };
        command.stdout(Stdio::null()).stderr(Stdio::null()).status()
    }

    /// Ends it at once, connections and all, without a word to its clients.
    pub fn kill(&mut self) {
        let pid = std::fs::read_to_string(self.folder.join("pid")).unwrap();
        // A PostgreSQL whose first process is killed leaves the others behind; this ends all.
        let signal = match self.kind {
            Kind::Postgres => "-QUIT",
            Kind::MariaDb | Kind::Redis => "-KILL",
        };
        let status = Command::new("kill").args([signal, pid.trim()]).status();
        assert!(status.unwrap().success());
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
            assert!(Instant::now() < deadline, "still answers");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The URL of a database of one's own on it.
    pub fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let made = self.client(&format!("CREATE DATABASE {name}"));
        assert!(made.unwrap().success());
        match self.kind {
            Kind::MariaDb => format!("mysql://root@127.0.0.1:{}/{name}", self.port),
            Kind::Postgres | Kind::Redis => {
                format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// The one that most tests share, each with a database of its own.
pub fn shared(kind: Kind) -> &'static Server {
    static POSTGRES: OnceLock<Server> = OnceLock::new();
    static MARIADB: OnceLock<Server> = OnceLock::new();
    match kind {
        Kind::MariaDb => MARIADB.get_or_init(|| Server::start(kind, &[])),
        Kind::Postgres | Kind::Redis => {
            POSTGRES.get_or_init(|| Server::start(Kind::Postgres, &["-c max_connections=300"]))
        }
    }
}

/// Debian keeps PostgreSQL's programs out of the path.
fn postgres(program: &str) -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let mut versions: Vec<PathBuf> = versions
        .map(|versions| versions.flatten().map(|version| version.path()).collect())
        .unwrap_or_default();
    versions.sort();
    match versions.last() {
        Some(version) => format!("{}/bin/{program}", version.display()),
        None => program.to_owned(),
    }
}

/// Database servers refuse to run as root.
fn as_nobody(line: &str) -> Command {
    let mut words = line.split_whitespace();
    if !nix::unistd::geteuid().is_root() {
        let mut command = Command::new(words.next().unwrap());
        command.args(words);
        return command;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]);
    command.args(words);
    command
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
