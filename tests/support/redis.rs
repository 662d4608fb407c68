//! A private Redis on a free port of the loopback interface, which keeps nothing.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// A server that runs until it is dropped. A shell that reads a pipe from this process ends it,
/// however this process ends.
pub struct Redis {
    port: u16,
    keeper: Child,
}

const KEEPER: &str = r#"
"$@" </dev/null >/dev/null 2>&1 &
while read -r _; do :; done
kill "$!"
wait
"#;

impl Redis {
    /// Starts one.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        drop(listener);
        let keeper = Command::new("sh")
            .args([
                "-c",
                KEEPER,
                "keeper",
                "redis-server",
                "--bind",
                "127.0.0.1",
            ])
            .args([
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "Redis is not up after a minute");
            sleep(Duration::from_millis(10));
        }
        Self { port, keeper }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
