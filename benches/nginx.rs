//! A private nginx that answers every request with a little JSON.

use crate::{
    Result,
    client::Done,
    process::{self, SERVER_CORE},
};
use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// One worker process on the servers' core. Ends when dropped.
pub struct Nginx {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Nginx {
    /// Starts it for so many connections at once.
    pub fn start(connections: usize) -> Result<Self> {
        Self::with(connections, "")
    }

    /// Starts it with more in its configuration of the server.
    pub fn with(connections: usize, server: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let at = folder.path().display();
        // Twice as many as needed: nginx closes idle connections when most of its own are in use.
        let files = 2 * connections + 100;
        let config = format!(
            r#"daemon off;
pid {at}/pid;
error_log {at}/error.log;
worker_processes 1;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
    access_log off;
    keepalive_requests 2000000000;
    keepalive_timeout 1h;
    client_body_temp_path {at}/body;
    proxy_temp_path {at}/proxy;
    fastcgi_temp_path {at}/fastcgi;
    uwsgi_temp_path {at}/uwsgi;
    scgi_temp_path {at}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=16384;
        location = /status {{ stub_status; }}
        location / {{
            default_type application/json;
            return 200 '{{"order_id": 4711, "status": "shipped", "total_amount": "129.90"}}';
        }}
        {server}
    }}
}}
"#
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config)?;
        let mut command = Command::new("nginx");
        command
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .stdin(Stdio::null());
        let nginx = Self {
            child: process::start(&mut command, SERVER_CORE)?,
            port,
            _folder: folder,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while let Err(error) = nginx.requests() {
            if Instant::now() > deadline {
                return Err(format!("nginx does not answer: {error}").into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(nginx)
    }

    /// URL that it serves.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Number of requests it has had, this one included.
    pub fn requests(&self) -> Result<u64> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port))?;
        socket.write_all(b"GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        // The third line of the page: connections accepted, connections handled, requests.
        answer
            .lines()
            .skip_while(|line| !line.starts_with("server accepts"))
            .nth(1)
            .and_then(|counts| counts.split_whitespace().nth(2)?.parse().ok())
            .ok_or_else(|| format!("no counts in {answer:?}").into())
    }

    /// Checks that a client met no error, and counted what nginx counted from `before` on, but for at
    /// most so many requests that were under way at the end.
    pub fn check(&self, before: u64, done: &Done, under_way: usize) -> Result<()> {
        // The page that tells is a request too.
        let served = self.requests()? - before - 1;
        let (counted, errors) = (done.requests, done.errors);
        if errors == 0 && served.abs_diff(counted) <= under_way as u64 {
            return Ok(());
        }
        let said = &done.usage.stdout;
        let counts = format!("{counted} requests and {errors} errors, nginx {served} requests");
        Err(format!("the client counted {counts}:\n{said}").into())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its worker; without the signal a kill would leave it.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let master = nix::unistd::Pid::from_raw(pid);
            let _ = nix::sys::signal::kill(master, nix::sys::signal::Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}
