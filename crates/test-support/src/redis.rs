//! A private Redis on a free port of the loopback interface, which keeps nothing.

use crate::servers::{free_port, wait_until};
use std::{
    io::Write,
    net::TcpStream,
    process::{Child, Command, Stdio},
};

/// A server that runs until it is dropped. A shell that reads orders from this process ends it when
/// the orders end, however this process ended.
pub struct Redis {
    port: u16,
    keeper: Child,
}

const KEEPER: &str = r#"
while read -r order; do
    case $order in
        start) "$@" </dev/null >/dev/null 2>&1 & ;;
        crash) kill -KILL "$!"; wait "$!" ;;
    esac
done
kill -KILL "$!"
wait
"#;

impl Redis {
    /// Starts one.
    pub fn start() -> Self {
        let port = free_port();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", "redis-server"])
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let redis = Self { port, keeper };
        redis.restart();
        redis
    }

    /// Ends it at once, and waits until it is gone.
    pub fn crash(&self) {
        self.order("crash");
        wait_until("Redis is gone", || !self.answers());
    }

    /// Starts it again after [`Redis::crash`].
    pub fn restart(&self) {
        self.order("start");
        wait_until("Redis is up", || self.answers());
    }

    fn order(&self, order: &str) {
        let mut orders = self.keeper.stdin.as_ref().expect("it is a pipe");
        writeln!(orders, "{order}").expect("the keeper reads");
    }

    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
