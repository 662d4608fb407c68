//! Private proxies, as Debian has them.

use crate::servers::{as_nobody, free_port, nobody, wait_until};
use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::fs::chown,
    path::Path,
    process::{Child, Command, Stdio},
};

/// User and password that these proxies ask for, as URLs have them.
pub const LOGIN: &str = "me:word";

/// A proxy that runs until it is dropped.
pub struct RealProxy {
    port: u16,
    process: Child,
    /// Its files.
    _folder: tempfile::TempDir,
}

impl RealProxy {
    /// Tinyproxy: passes requests for http on, and opens tunnels.
    pub fn tinyproxy() -> Self {
        Self::start("tinyproxy", |port, folder| {
            let settings = format!("Port {port}\nListen 127.0.0.1\nBasicAuth me word\n");
            let file = folder.join("tinyproxy.conf");
            fs::write(&file, settings).expect("the folder is ours");
            if let Some(owner) = nobody() {
                for path in [folder, &file] {
                    chown(path, Some(owner), None).expect("root may give it away");
                }
            }
            let mut command = as_nobody(Path::new("tinyproxy"));
            command.arg("-d").arg("-c").arg(file);
            command
        })
    }

    /// Microsocks: SOCKS5.
    pub fn microsocks() -> Self {
        Self::start("microsocks", |port, _| {
            let mut command = as_nobody(Path::new("microsocks"));
            let port = port.to_string();
            command.args(["-i", "127.0.0.1", "-p", &port, "-u", "me", "-P", "word"]);
            command
        })
    }

    fn start(name: &str, command: impl FnOnce(u16, &Path) -> Command) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let process = command(port, folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .spawn()
            .unwrap_or_else(|error| panic!("{name} is installed: {error}"));
        wait_until("the proxy is up", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self {
            port,
            process,
            _folder: folder,
        }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }
}

impl Drop for RealProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
