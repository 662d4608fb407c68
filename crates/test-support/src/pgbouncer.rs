//! A private PgBouncer in front of a private PostgreSQL.

use crate::servers::{Server, ServerKind, as_nobody, free_port, nobody, wait_until};
use std::{
    fs,
    net::TcpStream,
    os::unix::fs::chown,
    path::Path,
    process::{Child, Stdio},
};

/// A pooler that runs until it is dropped.
pub struct Pooler {
    port: u16,
    process: Child,
    /// Its files.
    _folder: tempfile::TempDir,
}

impl Pooler {
    /// Pools so many sessions of `server` in this mode: `session`, `transaction` or `statement`.
    pub fn start(server: &Server, mode: &str, sessions: u32) -> Pooler {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\ndefault_pool_size = {sessions}\n",
            server.port()
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings).expect("the folder is ours");
        if let Some(owner) = nobody() {
            for path in [folder.path(), &file] {
                chown(path, Some(owner), None).expect("root may give it away");
            }
        }
        let debian = Path::new("/usr/sbin/pgbouncer");
        let program = if debian.exists() {
            debian
        } else {
            Path::new("pgbouncer")
        };
        let process = as_nobody(program)
            .args(["-q".as_ref(), file.as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .spawn()
            .expect("PgBouncer is installed");
        wait_until("the pooler is up", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Pooler {
            port,
            process,
            _folder: folder,
        }
    }

    /// The URL of the database that `url` leads to, through the pooler.
    pub fn url(&self, url: &str) -> String {
        let database = url.rsplit('/').next().expect("it has a database");
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// A server of its own with a pooler in front of it.
    pub fn with_server(mode: &str, sessions: u32) -> (Server, Pooler) {
        let server = Server::start(ServerKind::Postgres, &[]);
        let pooler = Self::start(&server, mode, sessions);
        (server, pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
