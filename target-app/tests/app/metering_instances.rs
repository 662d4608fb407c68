//! Two processes of metering, a PostgreSQL and a Redis of their own, and what can happen to them.

use redis::Commands;
use reqwest::{Client, StatusCode};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::backend::{Backend, Data, Side};
use crate::harness::{JSON, client};
use crate::metering::{all_closed, event};
use crate::process::Process;
use target_app::Service::Metering;
use test_support::redis::Redis;

const PROCESSED: &str = "metering_aggregation_windows_processed_total";
const DONE_BEFORE: &str = "metering_aggregation_windows_done_before_total";
const CONTENTION: &str = "metering_lock_contention_total";
const LATENCY: &str = "metering_lock_acquisition_latency_seconds_count";
const LOCK_FAILURES: &str = "metering_lock_failures_total";

struct World {
    data: Data,
    redis: Redis,
    client: Client,
}

struct Instance {
    process: Process,
    url: String,
}

impl World {
    fn new() -> Self {
        Self {
            data: Backend::Postgres.data(),
            redis: Redis::start(),
            client: client(),
        }
    }

    fn instance(&self, more: &[&str]) -> Instance {
        let (database, redis) = (self.data.url(), self.redis.url());
        let mut args = vec!["metering", "--managed", "--port", "0", "--window", "1s"];
        args.extend(["--database", &database, "--redis", &redis]);
        args.extend(more);
        let mut process = Process::spawn(&args);
        let report = process.report();
        let url = report["services"][0]["url"].as_str();
        let url = url.unwrap_or_else(|| panic!("{report}")).to_owned();
        Instance { process, url }
    }

    async fn side(&self) -> Side {
        self.data.side(Metering).await
    }

    async fn metric(&self, instance: &Instance, sample: &str) -> f64 {
        let page = self.client.get(format!("{}/metrics", instance.url)).send();
        let page = page.await.unwrap().text().await.unwrap();
        page.lines()
            .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))
            .map_or(0.0, |value| value.parse().unwrap())
    }

    async fn both(&self, instances: [&Instance; 2], sample: &str) -> f64 {
        let mut sum = 0.0;
        for instance in instances {
            sum += self.metric(instance, sample).await;
        }
        sum
    }

    async fn send(&self, instance: &Instance, customer: &str, quantity: i64) -> StatusCode {
        let request = self.client.post(format!("{}/events", instance.url));
        let request = request.header("content-type", JSON);
        let answer = request.body(event(customer, quantity)).send();
        answer.await.unwrap().status()
    }

    /// The keys of the locks that are held.
    fn locks(&self) -> Vec<String> {
        let client = redis::Client::open(self.redis.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        connection.keys("aggregation:lock:*").unwrap()
    }

    async fn until_locks(&self, wanted: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let locks = self.locks();
            if locks.len() == wanted {
                return locks;
            }
            assert!(Instant::now() < deadline, "{locks:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A transaction that keeps whoever adds up a window waiting at its row.
    async fn hold_windows(&self) -> Side {
        let mut side = self.side().await;
        side.execute("BEGIN; SELECT * FROM usage_windows FOR UPDATE")
            .await;
        side
    }

    /// Every window is there once, and has the total of its events.
    async fn is_right(&self) {
        let mut side = self.side().await;
        let doubled = "SELECT count(*) FROM (SELECT 1 FROM aggregation_windows \
            GROUP BY tenant_id, customer_id, window_start HAVING count(*) > 1) d";
        assert_eq!(side.number(doubled).await, 0);
        let wrong = "SELECT count(*) FROM (SELECT tenant_id, customer_id, window_start, \
              count(*) AS events, sum(quantity) AS quantity \
              FROM usage_events GROUP BY tenant_id, customer_id, window_start) e \
            FULL JOIN aggregation_windows a USING (tenant_id, customer_id, window_start) \
            WHERE a.event_count IS DISTINCT FROM e.events \
              OR a.total_quantity IS DISTINCT FROM e.quantity";
        assert_eq!(side.number(wrong).await, 0);
    }

    async fn windows(&self) -> f64 {
        let mut side = self.side().await;
        side.number("SELECT count(*) FROM aggregation_windows")
            .await as f64
    }
}

#[tokio::test]
async fn under_load_each_window_is_added_up_once_with_the_right_total() {
    let world = World::new();
    let (one, two) = (world.instance(&[]), world.instance(&[]));
    let acknowledged: Arc<Mutex<BTreeMap<String, i64>>> = Arc::default();
    let counts: Arc<[AtomicI64; 2]> = Arc::default();
    let end = Instant::now() + Duration::from_secs(6);
    let mut users = tokio::task::JoinSet::new();
    for user in 0..16_usize {
        let urls = [one.url.clone(), two.url.clone()];
        let (http, acknowledged) = (world.client.clone(), Arc::clone(&acknowledged));
        let counts = Arc::clone(&counts);
        users.spawn(async move {
            let mut round = user;
            while Instant::now() < end {
                let customer = format!("c{}", round % 20);
                let quantity = 1 + (round % 7) as i64;
                let request = http.post(format!("{}/events", urls[round % 2]));
                let request = request.header("content-type", JSON);
                let answer = request.body(event(&customer, quantity)).send();
                assert_eq!(answer.await.unwrap().status(), StatusCode::ACCEPTED);
                counts[round % 2].fetch_add(1, Ordering::Relaxed);
                *acknowledged.lock().unwrap().entry(customer).or_default() += quantity;
                round += 1;
            }
        });
    }
    users.join_all().await;
    all_closed(&world.data).await;
    world.is_right().await;

    let mut side = world.side().await;
    let acknowledged = std::mem::take(&mut *acknowledged.lock().unwrap());
    for (customer, total) in &acknowledged {
        let sql = format!(
            "SELECT sum(total_quantity)::bigint FROM aggregation_windows WHERE customer_id = '{customer}'"
        );
        assert_eq!(side.number(&sql).await, *total, "{customer}");
    }
    let windows = world.windows().await;
    assert!(windows >= 20.0 * 5.0, "{windows}");
    let both = [&one, &two];
    assert_eq!(world.both(both, PROCESSED).await, windows);
    assert!(world.both(both, CONTENTION).await > 0.0);
    assert!(world.both(both, LATENCY).await >= windows);
    let [first, second] = [0, 1].map(|index| counts[index].load(Ordering::Relaxed));
    assert!((first - second).abs() <= 16, "{first} {second}");
}

#[tokio::test]
async fn an_instance_that_is_killed_inside_a_window_leaves_it_to_the_other() {
    let world = World::new();
    let lease = ["--lock-lease", "3s"];
    let mut one = world.instance(&lease);
    assert_eq!(world.send(&one, "c1", 5).await, StatusCode::ACCEPTED);
    let held = world.hold_windows().await;
    let locks = world.until_locks(1).await;
    assert!(
        locks[0].starts_with("aggregation:lock:acme:c1:2"),
        "{locks:?}"
    );
    assert!(locks[0].ends_with('Z'), "{locks:?}");
    let two = world.instance(&lease);
    one.process.child.kill().unwrap();
    one.process.child.wait().unwrap();
    assert_eq!(world.send(&two, "c2", 7).await, StatusCode::ACCEPTED);
    drop(held);
    all_closed(&world.data).await;
    world.is_right().await;
    assert_eq!(world.windows().await, 2.0);
    assert_eq!(world.metric(&two, PROCESSED).await, 2.0);
    assert!(world.metric(&two, CONTENTION).await >= 1.0);
}

#[tokio::test]
async fn while_redis_is_gone_events_are_taken_and_windows_wait() {
    let world = World::new();
    let (one, two) = (world.instance(&[]), world.instance(&[]));
    assert_eq!(world.send(&one, "c1", 5).await, StatusCode::ACCEPTED);
    all_closed(&world.data).await;
    world.redis.crash();
    for quantity in 1..=10 {
        let instance = if quantity % 2 == 0 { &one } else { &two };
        let status = world.send(instance, "c1", quantity).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while world.both([&one, &two], LOCK_FAILURES).await < 2.0 {
        assert!(Instant::now() < deadline, "nobody asked for a lock");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.windows().await, 1.0);
    let health = world
        .client
        .get(format!("{}/actuator/health", one.url))
        .send();
    let health: serde_json::Value = health.await.unwrap().json().await.unwrap();
    assert_eq!(health["components"]["redis"]["status"], "DOWN");
    assert_eq!(health["status"], "UP");

    world.redis.restart();
    all_closed(&world.data).await;
    world.is_right().await;
    let mut side = world.side().await;
    let total = "SELECT sum(total_quantity)::bigint FROM aggregation_windows";
    assert_eq!(side.number(total).await, 60);
    let processed = world.both([&one, &two], PROCESSED).await;
    assert_eq!(processed, world.windows().await);
}

#[tokio::test]
async fn a_lease_that_ends_mid_work_does_not_double_the_window() {
    let world = World::new();
    let lease = ["--lock-lease", "1s"];
    let one = world.instance(&lease);
    assert_eq!(world.send(&one, "c1", 5).await, StatusCode::ACCEPTED);
    let held = world.hold_windows().await;
    world.until_locks(1).await;
    // The first is at work still when its lease ends, and the second takes the lock.
    world.until_locks(0).await;
    let two = world.instance(&lease);
    world.until_locks(1).await;
    drop(held);
    all_closed(&world.data).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while world.both([&one, &two], DONE_BEFORE).await < 1.0 {
        assert!(Instant::now() < deadline, "the second did not find it done");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.is_right().await;
    assert_eq!(world.windows().await, 1.0);
    assert_eq!(world.both([&one, &two], PROCESSED).await, 1.0);
}
