//! A Prometheus of our own, in a folder that goes with it.

use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(60);

/// A server that takes remote write, and scrapes one page each second.
pub struct Prometheus {
    process: Child,
    address: String,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it; `scraped` is the address whose `/metrics` it scrapes.
    pub fn start(scraped: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "scrape_configs:\n- job_name: scraped\n  scrape_interval: 1s\n  \
             static_configs:\n  - targets: ['{scraped}']\n"
        );
        fs::write(&config, text).expect("the folder is ours");
        let address = free_address();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg("--web.enable-remote-write-receiver")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is installed: scripts/test does it");
        let server = Self {
            process,
            address,
            _folder: folder,
        };
        let deadline = Instant::now() + LIMIT;
        while get(&server.address, "/-/ready").is_none() {
            assert!(Instant::now() < deadline, "Prometheus does not come up");
            sleep(Duration::from_millis(50));
        }
        server
    }

    /// Waits until it has tried to scrape for the first time, some seconds after it was started.
    pub fn wait_for_scrapes(&self) {
        self.wait_for("up", 0.0);
    }

    /// Address that it listens on.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The only value that a query gives now.
    pub fn value(&self, query: &str) -> Option<f64> {
        let answer = self.ask(query)?;
        let results = answer["data"]["result"].as_array()?;
        assert!(results.len() <= 1, "{query}: {answer}");
        results.first()?["value"][1].as_str()?.parse().ok()
    }

    /// Waits until a query gives this value.
    #[track_caller]
    pub fn wait_for(&self, query: &str, expected: f64) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let value = self.value(query);
            if value == Some(expected) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{query} is {value:?}, not {expected}"
            );
            sleep(Duration::from_millis(100));
        }
    }

    fn ask(&self, query: &str) -> Option<Value> {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let text = get(&self.address, &format!("/api/v1/query?query={query}"))?;
        serde_json::from_str(&text).ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address of the loopback interface on which nobody listens.
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// The body of a response 200; None for any other, or for none.
pub fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let ok = head.lines().next()?.split(' ').nth(1)? == "200";
    ok.then(|| body.to_owned())
}
