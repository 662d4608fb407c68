use super::*;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

async fn open(settings: PoolSettings) -> Pool<SqliteConnection> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let counters = PoolCounters::default();
    Pool::open(options, settings, counters).await.unwrap()
}

async fn pool(min: u32, max: u32, acquire_timeout: Duration) -> Pool<SqliteConnection> {
    open(PoolSettings::Pooled {
        min,
        max,
        acquire_timeout,
    })
    .await
}

fn counts(pool: &Pool<SqliteConnection>) -> (u32, u32, u32) {
    let stats = pool.stats();
    (stats.active, stats.idle, stats.waiting)
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(10);

#[tokio::test]
async fn connections_are_opened_when_needed_up_to_the_most() {
    let pool = pool(1, 2, LONG).await;
    assert_eq!(counts(&pool), (0, 1, 0));
    let first = pool.acquire().await.unwrap();
    assert_eq!(counts(&pool), (1, 0, 0));
    let second = pool.acquire().await.unwrap();
    assert_eq!(counts(&pool), (2, 0, 0));
    let mut third = Box::pin(pool.acquire());
    assert!(timeout(SHORT, &mut third).await.is_err());
    assert_eq!(counts(&pool), (2, 0, 1));
    drop(first);
    let mut third = third.await.unwrap();
    sqlx::query("SELECT 1").execute(&mut *third).await.unwrap();
    drop((second, third));
    assert_eq!(counts(&pool), (0, 2, 0));
}

#[tokio::test]
async fn waiting_ends_in_an_error() {
    let pool = pool(0, 2, SHORT).await;
    let held = (pool.acquire().await, pool.acquire().await);
    let error = pool.acquire().await.unwrap_err();
    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}");
    drop(held);
    assert!(pool.acquire().await.is_ok());
}

#[tokio::test]
async fn closing_waits_for_those_in_use_and_is_final() {
    let pool = pool(2, 2, LONG).await;
    let held = pool.acquire().await.unwrap();
    let mut closing = Box::pin(pool.close());
    assert!(timeout(SHORT, &mut closing).await.is_err());
    drop(held);
    closing.await;
    let error = pool.acquire().await.unwrap_err();
    assert!(matches!(error, sqlx::Error::PoolClosed), "{error}");
}

#[tokio::test]
async fn without_a_pool_every_lease_has_a_connection_of_its_own() {
    let pool = open(PoolSettings::Unpooled {
        acquire_timeout: LONG,
    })
    .await;
    let held = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    assert_eq!(counts(&pool), (2, 0, 0));
    assert_eq!(pool.stats().max, None);
    drop(held);
    assert_eq!(counts(&pool), (0, 0, 0));
}

#[tokio::test]
async fn what_was_left_midway_is_rolled_back_before_it_is_used_again() {
    let pool = pool(1, 1, LONG).await;
    let mut lease = pool.acquire().await.unwrap();
    lease.run("BEGIN").await.unwrap();
    lease.mark(State::Midway);
    drop(lease);
    let mut lease = pool.acquire().await.unwrap();
    assert!(lease.run("COMMIT").await.is_err());
    assert_eq!(counts(&pool), (1, 0, 0));
}

#[tokio::test]
async fn one_that_broke_takes_those_of_its_age_with_it() {
    let pool = pool(3, 3, LONG).await;
    let mut broken = pool.acquire().await.unwrap();
    let same_age = pool.acquire().await.unwrap();
    assert_eq!(counts(&pool), (2, 1, 0));
    broken.mark(State::Broken);
    assert_eq!(counts(&pool), (2, 0, 0));
    drop(broken);
    let newer = pool.acquire().await.unwrap();
    drop(same_age);
    assert_eq!(counts(&pool), (1, 0, 0));
    drop(newer);
    assert_eq!(counts(&pool), (0, 1, 0));
}
