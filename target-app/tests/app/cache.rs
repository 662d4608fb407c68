//! Weather's cache: what it spares the database, and what happens without it.

use reqwest::StatusCode;
use std::time::{Duration, Instant};
use target_app::{App, CacheSetting, Error, Service, Setup};
use tokio::task::JoinSet;

use crate::backend::{Backend, Data};
use crate::harness::{self, FORM, Running, error, start, start_on};
use test_support::redis::Redis;

async fn start_with(cache: &str, data: Data) -> Running {
    let cache: CacheSetting = cache.parse().unwrap();
    start_on(data, Service::Weather, |setup| setup.cache = cache).await
}

async fn ask(weather: &Running, location: &str) -> serde_json::Value {
    let form = format!("location={location}");
    let answer = weather.post("/query", FORM, form).await;
    harness::json(answer, StatusCode::OK).await
}

/// Hits, misses, bypassed, loads.
async fn counts(weather: &Running) -> [f64; 4] {
    let mut counts = [0.0; 4];
    let names = ["hits", "misses", "bypassed", "loads"];
    for (count, name) in counts.iter_mut().zip(names) {
        *count = weather.metric(&format!("cache_{name}_total")).await;
    }
    counts
}

async fn asks_the_database_once(weather: &Running) {
    let first = ask(weather, "Gabrielside").await;
    assert_eq!(counts(weather).await, [0.0, 1.0, 0.0, 1.0]);
    for _ in 0..3 {
        assert_eq!(ask(weather, "Gabrielside").await, first);
    }
    assert_eq!(counts(weather).await, [3.0, 1.0, 0.0, 1.0]);
    ask(weather, "Michaelchester").await;
    assert_eq!(counts(weather).await, [3.0, 2.0, 0.0, 2.0]);
    // A location that does not exist is not kept.
    for _ in 0..2 {
        let answer = weather.post("/query", FORM, "location=Atlantis").await;
        error(answer, StatusCode::NOT_FOUND).await;
    }
    assert_eq!(counts(weather).await, [3.0, 4.0, 0.0, 4.0]);
    assert_eq!(weather.metric("cache_up").await, 1.0);
}

#[tokio::test]
async fn in_memory_it_asks_the_database_once() {
    let weather = start_with("memory", Backend::Sqlite.data()).await;
    asks_the_database_once(&weather).await;
}

#[tokio::test]
async fn in_redis_it_asks_the_database_once_for_all_instances() {
    let redis = Redis::start();
    let data = Backend::Postgres.data();
    let same = Data::Url(data.url());
    let weather = start_with(&redis.url(), data).await;
    asks_the_database_once(&weather).await;

    let second = start_with(&redis.url(), same).await;
    let answer = ask(&second, "Gabrielside").await;
    assert_eq!(answer, ask(&weather, "Gabrielside").await);
    assert_eq!(counts(&second).await, [1.0, 0.0, 0.0, 0.0]);

    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let ttl: i64 = redis::cmd("TTL")
        .arg("weather:average:Gabrielside")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert!((240..=300).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn off_means_that_every_query_asks_the_database() {
    let weather = start(Backend::Sqlite, Service::Weather, 1_000).await;
    ask(&weather, "Gabrielside").await;
    ask(&weather, "Gabrielside").await;
    let page = weather.get("/metrics").await.text().await.unwrap();
    assert!(!page.contains("cache_"), "{page}");
    let labels = r#"{operation="SELECT",table="weather_data"}"#;
    let asked = weather
        .metric(&format!(
            "database_statement_duration_seconds_count{labels}"
        ))
        .await;
    // The list of locations is the third.
    assert_eq!(asked, 3.0);
}

async fn misses_that_come_together_load_once(cache: &str) {
    let weather = start_with(cache, Backend::Postgres.data()).await;
    let mut side = weather.database().await;
    side.execute("BEGIN; LOCK TABLE weather_data IN ACCESS EXCLUSIVE MODE")
        .await;
    let mut crowd = JoinSet::new();
    for _ in 0..50 {
        let request = weather.client.post(format!("{}/query", weather.url));
        let request = request.header("content-type", FORM);
        let request = request.body("location=Gabrielside");
        crowd.spawn(async move { request.send().await.unwrap().status() });
    }
    while weather.metric("cache_loads_total").await < 1.0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Long enough for the others to arrive and, were they to load, to do so.
    tokio::time::sleep(Duration::from_millis(500)).await;
    side.execute("COMMIT").await;
    for status in crowd.join_all().await {
        assert_eq!(status, StatusCode::OK);
    }
    let [hits, misses, bypassed, loads] = counts(&weather).await;
    assert_eq!((hits + misses, bypassed, loads), (50.0, 0.0, 1.0));
}

#[tokio::test]
async fn in_memory_misses_that_come_together_load_once() {
    misses_that_come_together_load_once("memory").await;
}

#[tokio::test]
async fn in_redis_misses_that_come_together_load_once() {
    let redis = Redis::start();
    misses_that_come_together_load_once(&redis.url()).await;
}

#[tokio::test]
async fn without_redis_the_database_answers_and_a_metric_says_so() {
    let redis = Redis::start();
    let weather = start_with(&redis.url(), Backend::Sqlite.data()).await;
    let first = ask(&weather, "Gabrielside").await;
    redis.crash();
    let started = Instant::now();
    for _ in 0..20 {
        assert_eq!(ask(&weather, "Gabrielside").await, first);
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(counts(&weather).await, [0.0, 1.0, 20.0, 21.0]);
    assert_eq!(weather.metric("cache_up").await, 0.0);
    assert_eq!(weather.metric("cache_failures_total").await, 1.0);

    redis.restart();
    let deadline = Instant::now() + Duration::from_secs(60);
    while weather.metric("cache_up").await < 1.0 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ask(&weather, "Gabrielside").await;
    ask(&weather, "Gabrielside").await;
    assert_eq!(counts(&weather).await, [1.0, 2.0, 20.0, 22.0]);
}

#[tokio::test]
async fn a_redis_that_is_not_there_at_the_start_is_a_mistake() {
    let redis = Redis::start();
    let url = redis.url();
    drop(redis);
    let location = Backend::Sqlite.data().location();
    let mut setup = Setup::new(&[Service::Weather], Some(0), location).unwrap();
    setup.cache = url.parse().unwrap();
    setup.records = Some(10);
    let error = App::start(&setup).await.unwrap_err();
    assert!(matches!(error, Error::Cache { .. }), "{error}");

    let location = Backend::Sqlite.data().location();
    let mut setup = Setup::new(&[Service::Orders], Some(0), location).unwrap();
    setup.cache = "memory".parse().unwrap();
    let error = App::start(&setup).await.unwrap_err();
    assert!(matches!(error, Error::NothingToCache), "{error}");
}
