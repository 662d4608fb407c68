//! Cost of the services themselves: requests/s and CPU per request of each route on each kind of
//! database, so that what loadgen measures can be told from what its target takes.
//!
//! `cargo bench -p target-app --bench services -- [--seconds N] [--users N] [SERVICE]...` starts
//! private database servers, a process per service, and a closed loop of users in this one.

use clap::Parser;
use procfs_core::{FromRead, process::Stat};
use reqwest::Client;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::num::{NonZeroU32, NonZeroUsize};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use test_support::servers::{Server, ServerKind};

/// All that the target app has.
const SERVICES: [&str; 5] = ["orders", "weather", "shop", "metering", "hello"];

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// One kind of request; `N` in it becomes a number from 1 to 1000 that differs each time.
struct Route {
    service: &'static str,
    /// Index of the service's port.
    port: usize,
    name: &'static str,
    path: &'static str,
    body: Option<(&'static str, &'static str)>,
}

const fn get(service: &'static str, port: usize, name: &'static str, path: &'static str) -> Route {
    Route {
        service,
        port,
        name,
        path,
        body: None,
    }
}

const fn post(route: Route, content_type: &'static str, body: &'static str) -> Route {
    Route {
        body: Some((content_type, body)),
        ..route
    }
}

const ROUTES: [Route; 12] = [
    get("orders", 0, "read order", "/api/order/N"),
    post(
        get("orders", 0, "create order", "/api/order"),
        JSON,
        r#"{"customer_id":N,"items":[{"product_id":7,"quantity":2,"unit_price":9.99}]}"#,
    ),
    post(
        get("weather", 0, "average", "/query"),
        FORM,
        "location=Port+Tiffanyhaven",
    ),
    get("weather", 0, "page", "/"),
    get("shop", 0, "products", "/products?category=Books&limit=10"),
    get("shop", 1, "check", "/inventory/check/N"),
    post(
        get("shop", 1, "reserve", "/inventory/reserve"),
        JSON,
        r#"{"product_id":N,"quantity":1}"#,
    ),
    get("shop", 2, "popular", "/orders/popular-products"),
    post(
        get("shop", 2, "create order", "/orders/create"),
        JSON,
        r#"{"user_id":N,"product_id":N,"quantity":1}"#,
    ),
    post(
        get("metering", 0, "event", "/events"),
        JSON,
        r#"{"tenant_id":"acme","customer_id":"c-N","quantity":1}"#,
    ),
    get("hello", 0, "greeting", "/"),
    post(
        get("hello", 0, "publish", "/publish"),
        JSON,
        r#"{"message":"number N"}"#,
    ),
];

/// Measures what each route of the services costs.
#[derive(Parser)]
#[command(name = "scripts/bench services")]
struct Options {
    /// Length of the measurement of each route
    #[arg(long, value_name = "N", default_value = "3")]
    seconds: NonZeroU32,
    /// Users of the closed loop
    #[arg(long, value_name = "N", default_value = "16")]
    users: NonZeroUsize,
    /// What to measure
    #[arg(value_name = "SERVICE", value_parser = SERVICES, default_values = SERVICES)]
    services: Vec<String>,
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds a flag.
    let options = Options::parse_from(std::env::args().filter(|arg| arg != "--bench"));
    let postgres = Server::start(ServerKind::Postgres, &["max_connections=150"]);
    let mariadb = Server::start(ServerKind::MariaDb, &[]);
    println!(
        "{} users, {} s per route; CPU in microseconds per request",
        options.users, options.seconds
    );
    println!(
        "{:9} {:13} {:11} {:>10} {:>12} {:>13} {:>7}",
        "service", "route", "database", "requests/s", "service CPU", "database CPU", "failed"
    );
    for service in &options.services {
        let service = service.as_str();
        let mut databases = vec![("SQLite", None)];
        if service != "hello" {
            databases.push(("PostgreSQL", Some(&postgres)));
        }
        if matches!(service, "orders" | "weather") {
            databases.push(("MariaDB", Some(&mariadb)));
        }
        for (name, server) in databases {
            let name = if service == "hello" { "none" } else { name };
            measure(service, name, server, &options).await;
        }
    }
}

async fn measure(service: &str, database: &str, server: Option<&Server>, options: &Options) {
    let target = Target::start(service, server);
    let length_ms = 1000 * u64::from(options.seconds.get());
    for route in ROUTES.iter().filter(|route| route.service == service) {
        let url = format!("{}{}", target.urls[route.port], route.path);
        // Connections and caches.
        drive(&url, route, 500, options.users.get()).await;
        let cpu = || (cpu_of(target.child.id()), server.map_or(0, cpu_of_server));
        let before = cpu();
        let (requests, failed) = drive(&url, route, length_ms, options.users.get()).await;
        let after = cpu();
        let per_request = |ticks: u64| ticks as f64 * 1e6 / ticks_per_second() / requests as f64;
        println!(
            "{service:9} {:13} {database:11} {:10.0} {:12.1} {:13.1} {failed:7}",
            route.name,
            requests as f64 / f64::from(options.seconds.get()),
            per_request(after.0 - before.0),
            per_request(after.1 - before.1),
        );
    }
}

/// Sends requests for so long; returns how many were answered, and how many of them not by 2xx.
async fn drive(url: &str, route: &Route, millis: u64, users: usize) -> (u64, u64) {
    let counts: Arc<[AtomicU64; 3]> = Arc::default();
    let end = Instant::now() + Duration::from_millis(millis);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..users {
        let client = Client::builder().no_proxy().build().expect("a client");
        let (url, body, counts) = (url.to_owned(), route.body, Arc::clone(&counts));
        tasks.spawn(async move {
            while Instant::now() < end {
                let [number, answered, failed] = &*counts;
                let number = 1 + number.fetch_add(1, Ordering::Relaxed) * 7 % 1000;
                let number = number.to_string();
                let request = match body {
                    // The port has no N, and neither has the host.
                    None => client.get(url.replace('N', &number)),
                    Some((content_type, body)) => client
                        .post(&url)
                        .header("content-type", content_type)
                        .body(body.replace('N', &number)),
                };
                let answer = request.send().await.expect("an answer");
                if !answer.status().is_success() {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
                answer.bytes().await.expect("a body");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tasks.join_all().await;
    let [_, answered, failed] = &*counts;
    (
        answered.load(Ordering::Relaxed),
        failed.load(Ordering::Relaxed),
    )
}

/// A service in a process of its own.
struct Target {
    child: Child,
    urls: Vec<String>,
}

impl Target {
    fn start(service: &str, server: Option<&Server>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_target-app"));
        command.args([service, "--managed", "--port", "0"]);
        if let Some(server) = server {
            command.args(["--database", &server.fresh()]);
        }
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the target app");
        let stdout = child.stdout.take().expect("its stdout");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        read.expect("a line when it is ready");
        let report: Value = serde_json::from_str(&line).expect("a report");
        let services = report["services"].as_array().expect("its services");
        let urls = services
            .iter()
            .filter_map(|service| service["url"].as_str());
        let urls = urls.map(str::to_owned).collect();
        Self { child, urls }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Clock ticks that a process has used, in user space and in the kernel.
fn cpu_of(pid: u32) -> u64 {
    ticks(&Stat::from_file(format!("/proc/{pid}/stat")).expect("a process"))
}

/// CPU ticks of all processes of a server.
fn cpu_of_server(server: &Server) -> u64 {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    // Other folders have no such file, and neither has a process that ended meanwhile.
    let processes: Vec<Stat> = processes
        .filter_map(|process| Stat::from_file(process.path().join("stat")).ok())
        .collect();
    let first = server.pid();
    let mut family = vec![first];
    let mut used = cpu_of(first.cast_unsigned());
    while let Some(member) = family.pop() {
        for process in processes.iter().filter(|process| process.ppid == member) {
            family.push(process.pid);
            used += ticks(process);
        }
    }
    used
}

/// CPU ticks of the process and of the children that it has waited for.
fn ticks(stat: &Stat) -> u64 {
    stat.utime + stat.stime + stat.cutime.cast_unsigned() + stat.cstime.cast_unsigned()
}

fn ticks_per_second() -> f64 {
    // The kernel shows 100 on every architecture that loadgen runs on.
    100.0
}
