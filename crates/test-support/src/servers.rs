//! Private database servers on free ports of the loopback interface, with files of their own.
//!
//! They run as `nobody` when the tests run as root, because neither server wants to be root. Each
//! is watched by a shell that reads a pipe from this process: when the pipe ends, however this
//! process ended, the server is stopped and its files are removed.

use std::{
    fs::{self, Permissions},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

/// Longest time for a server to start or stop.
const LIMIT: Duration = Duration::from_secs(60);

/// Interval of looking whether something has happened.
const POLL: Duration = Duration::from_millis(10);

/// Kinds of database servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    MariaDb,
}

/// A server that runs until it is dropped.
pub struct Server {
    kind: ServerKind,
    port: u16,
    folder: PathBuf,
    options: Vec<String>,
    databases: AtomicU32,
    keeper: Child,
}

/// Stops the server whose folder is `$1` and removes its files once standard input has ended.
const KEEPER: &str = r#"
while read -r _; do :; done
for file in "$1/data/postmaster.pid" "$1/pid"; do
    [ -f "$file" ] || continue
    pid=$(head -n 1 "$file")
    kill -QUIT "$pid" 2>/dev/null
    [ "$file" = "$1/pid" ] && kill -KILL "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
done
rm -rf "$1"
"#;

impl Server {
    /// The server of this kind that all tests of the process share.
    pub fn shared(kind: ServerKind) -> &'static Server {
        static POSTGRES: OnceLock<Server> = OnceLock::new();
        static MARIADB: OnceLock<Server> = OnceLock::new();
        let server = match kind {
            ServerKind::Postgres => &POSTGRES,
            ServerKind::MariaDb => &MARIADB,
        };
        server.get_or_init(|| Server::start(kind, &[]))
    }

    /// A server of its own, with more options: `name=value`.
    pub fn start(kind: ServerKind, options: &[&str]) -> Server {
        Self::start_with(kind, options, &[])
    }

    /// Starts a server with files (name and content) in its folder, for which `FOLDER` stands in
    /// options.
    pub fn start_with(kind: ServerKind, options: &[&str], files: &[(&str, &str)]) -> Server {
        let folder = tempfile::Builder::new()
            .prefix("loadgen-database-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let give_away = |path: &Path| {
            if let Some(owner) = nobody() {
                chown(path, Some(owner), None).expect("root may give it away");
            }
        };
        give_away(&folder);
        for (name, content) in files {
            let file = folder.join(name);
            fs::write(&file, content).expect("the folder is ours");
            fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("it is ours");
            give_away(&file);
        }
        create(kind, &folder);
        let server = Server {
            kind,
            port: free_port(),
            options: options
                .iter()
                .map(|option| option.replace("FOLDER", &folder.display().to_string()))
                .collect(),
            folder,
            databases: AtomicU32::new(0),
            keeper,
        };
        server.launch();
        server
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database on it, as the administrator.
    pub fn url(&self, database: &str) -> String {
        let port = self.port;
        match self.kind {
            ServerKind::Postgres => format!("postgres://postgres@127.0.0.1:{port}/{database}"),
            ServerKind::MariaDb => format!("mysql://root@127.0.0.1:{port}/{database}"),
        }
    }

    /// The URL of a new, empty database.
    pub fn fresh(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.run(&format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The server's own client, as the administrator of a database.
    pub fn client(&self, database: &str) -> Command {
        let port = self.port.to_string();
        match self.kind {
            ServerKind::Postgres => {
                let mut client = Command::new(postgres("psql"));
                client.args(["-X", "-q", "-h", "127.0.0.1", "-p", &port, "-U", "postgres"]);
                client.args(["-v", "ON_ERROR_STOP=1", "-d", database]);
                client
            }
            ServerKind::MariaDb => {
                let mut client = Command::new("mariadb");
                client.args(["--no-defaults", "-h", "127.0.0.1", "-P", &port]);
                client.args(["-u", "root", "-D", database]);
                client
            }
        }
    }

    /// Runs SQL with the server's own client, which must not fail.
    pub fn run(&self, sql: &str) {
        let (database, flag) = match self.kind {
            ServerKind::Postgres => ("postgres", "-c"),
            ServerKind::MariaDb => ("mysql", "-e"),
        };
        let done = self.client(database).args([flag, sql]).output();
        let done = done.expect("the client is installed");
        assert!(
            done.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// Puts a line before the others of PostgreSQL's `pg_hba.conf`.
    pub fn allow(&self, line: &str) {
        let file = self.folder.join("data/pg_hba.conf");
        let rest = fs::read_to_string(&file).expect("every cluster has one");
        fs::write(&file, format!("{line}\n{rest}")).expect("it is ours");
        self.run("SELECT pg_reload_conf()");
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.read_pid().expect("it runs")
    }

    /// Ends it at once, as a crash would, and waits until it is gone.
    pub fn crash(&self) {
        let pid = self.pid();
        // At once, but with its children, which would survive a KILL for a while.
        let signal = match self.kind {
            ServerKind::Postgres => "-QUIT",
            ServerKind::MariaDb => "-KILL",
        };
        signal_process(signal, pid);
        wait_until("it is gone", || {
            !Path::new(&format!("/proc/{pid}")).exists()
        });
    }

    /// Stops its process, and all of its threads, in the middle of what they do.
    pub fn freeze(&self) {
        let pid = self.pid();
        signal_process("-STOP", pid);
        let tasks = || fs::read_dir(format!("/proc/{pid}/task")).expect("it is there");
        // The state follows the name, which stands in parentheses.
        let stopped = |stat: String| stat.rsplit(')').next().is_some_and(|s| s.starts_with(" T"));
        wait_until("it is frozen", || {
            tasks()
                .flatten()
                .all(|task| fs::read_to_string(task.path().join("stat")).is_ok_and(stopped))
        });
    }

    /// Lets it go on after [`Server::freeze`].
    pub fn thaw(&self) {
        signal_process("-CONT", self.pid());
    }

    /// Starts it again after [`Server::crash`].
    pub fn restart(&self) {
        self.launch();
    }

    fn launch(&self) {
        let mut server = match self.kind {
            ServerKind::Postgres => {
                let mut server = as_nobody(&postgres("postgres"));
                server.arg("-D").arg(self.folder.join("data"));
                for option in [
                    "listen_addresses=127.0.0.1",
                    &format!("port={}", self.port),
                    &format!("unix_socket_directories={}", self.folder.display()),
                    "fsync=off",
                    // Else each deadlock takes a second.
                    "deadlock_timeout=20ms",
                    "max_connections=300",
                    "logging_collector=off",
                ] {
                    server.args(["-c", option]);
                }
                for option in &self.options {
                    server.args(["-c", option]);
                }
                server
            }
            ServerKind::MariaDb => {
                let mut server = as_nobody(Path::new("mariadbd"));
                let folder = self.folder.display();
                server.arg("--no-defaults");
                server.arg(format!("--datadir={folder}/data"));
                server.arg(format!("--socket={folder}/socket"));
                server.arg(format!("--tmpdir={folder}"));
                server.arg(format!("--pid-file={folder}/pid"));
                server.arg(format!("--port={}", self.port));
                server.args(["--bind-address=127.0.0.1", "--skip-name-resolve"]);
                server.args([
                    "--innodb-flush-log-at-trx-commit=2",
                    "--max-connections=300",
                ]);
                server.arg("--character-set-server=utf8mb4");
                for option in &self.options {
                    server.arg(format!("--{option}"));
                }
                server
            }
        };
        let log = fs::File::create(self.folder.join("log")).expect("the folder is there");
        let mut child = server
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .current_dir("/")
            .process_group(0)
            .spawn()
            .expect("the server is installed");
        let ready = || match self.kind {
            // The last line says when connections are taken.
            ServerKind::Postgres => fs::read_to_string(self.folder.join("data/postmaster.pid"))
                .is_ok_and(|text| {
                    text.lines()
                        .last()
                        .is_some_and(|line| line.starts_with("ready"))
                }),
            // It listens when it is ready.
            ServerKind::MariaDb => {
                self.read_pid().is_some() && TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            }
        };
        wait_until("the server is up", || {
            let ended = child.try_wait().expect("it is our child");
            assert!(
                ended.is_none(),
                "{}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            ready()
        });
        // Collects its exit, so that a process that has ended is gone.
        std::thread::spawn(move || child.wait());
    }

    fn read_pid(&self) -> Option<i32> {
        let file = match self.kind {
            ServerKind::Postgres => "data/postmaster.pid",
            ServerKind::MariaDb => "pid",
        };
        let text = fs::read_to_string(self.folder.join(file)).ok()?;
        text.lines().next()?.trim().parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Makes the data directory.
fn create(kind: ServerKind, folder: &Path) {
    let data = folder.join("data");
    let mut create = match kind {
        ServerKind::Postgres => {
            let mut create = as_nobody(&postgres("initdb"));
            create.args(["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"]);
            create.arg("--locale=C.UTF-8").arg("-D").arg(&data);
            create
        }
        ServerKind::MariaDb => {
            let mut create = as_nobody(Path::new("mariadb-install-db"));
            create.args(["--no-defaults", "--skip-test-db"]);
            create.arg("--auth-root-authentication-method=normal");
            create.arg(format!("--datadir={}", data.display()));
            // In the common one a server that starts removes the files of others.
            create.arg(format!("--tmpdir={}", folder.display()));
            create
        }
    };
    let created = create
        .current_dir("/")
        .output()
        .expect("PostgreSQL and MariaDB are installed");
    assert!(
        created.status.success(),
        "{}",
        String::from_utf8_lossy(&created.stderr)
    );
}

/// Sends a signal, such as `-STOP`, to a process.
fn signal_process(signal: &str, pid: i32) {
    let sent = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(sent.expect("kill is there").success());
}

/// Looks until it has happened.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !happened() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        sleep(POLL);
    }
}

/// A program of PostgreSQL, which Debian keeps out of the path.
fn postgres(program: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .flatten()
        .map(|version| version.path().join("bin").join(program))
        .filter(|path| path.exists())
        .max();
    newest.unwrap_or_else(|| program.into())
}

/// The user to be when the tests are root.
pub fn nobody() -> Option<u32> {
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    root.then(|| {
        let id = Command::new("id").args(["-u", "nobody"]).output();
        let id = String::from_utf8(id.expect("id is there").stdout).expect("a number");
        id.trim().parse().expect("there is a nobody")
    })
}

/// A command of this program, as that user.
pub fn as_nobody(program: &Path) -> Command {
    if nobody().is_none() {
        return Command::new(program);
    }
    // It becomes the program, so that there is no process in between.
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]);
    command.arg(program);
    command
}

/// A port that is free now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
