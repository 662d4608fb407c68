//! Weather's page in a real browser: Chromium, without a window.

use reqwest::Url;
use std::process::Stdio;
use std::time::Duration;
use target_app::Service;

use crate::backend::Backend;
use crate::harness::{Running, start, start_on};

const PLACES: usize = 5_000;

/// As names can be, and as a page must not take literally.
const STRANGE: &str = r#"<b>Ürümqi</b> & "Söhne" + 100%"#;

/// A service with thousands of locations.
async fn weather() -> Running {
    let weather = start(Backend::Sqlite, Service::Weather, 10).await;
    let mut side = weather.database().await;
    side.execute(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PLACES}) \
         INSERT INTO weather_data (location, temperature, humidity, wind_speed, timestamp) \
         SELECT 'Place ' || i, i / 100.0, 50, 1.5, '2026-01-01T00:00:00Z' FROM n; \
         INSERT INTO weather_data (location, temperature, humidity, wind_speed, timestamp) \
         VALUES ('{STRANGE}', -3.25, 50, 1.5, '2026-01-01T00:00:00Z'), \
                ('{STRANGE}', -3.75, 50, 1.5, '2026-01-01T00:00:00Z')"
    ))
    .await;
    let Running { app, data, .. } = weather;
    app.stop(Duration::from_secs(10)).await;
    start_on(data, Service::Weather, |_| {}).await
}

/// The page as it is after its script has run.
async fn open(weather: &Running, query: &[(&str, &str)]) -> String {
    let mut url: Url = weather.url.parse().unwrap();
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let profile = tempfile::tempdir().unwrap();
    let mut chromium = tokio::process::Command::new("chromium");
    chromium
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args(["--disable-dev-shm-usage", "--disable-background-networking"])
        // Of its own clock, which stands still while an answer is under way.
        .args(["--dump-dom", "--virtual-time-budget=20000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(url.as_str())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(120), chromium.output());
    let output = output.await.expect("chromium ended").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn shown(page: &str) -> &str {
    let (_, output) = page.split_once(r#"<output for="location">"#).unwrap();
    output.split_once("</output>").unwrap().0
}

#[tokio::test]
async fn its_script_asks_for_the_average_and_shows_it() {
    let weather = weather().await;

    let page = open(&weather, &[]).await;
    assert_eq!(page.matches("<option>").count(), 10 + PLACES + 1);
    assert_eq!(shown(&page), "");
    let found = r#"weather_queries_total{result="found"}"#;
    assert_eq!(weather.metric(found).await, 0.0);

    let page = open(&weather, &[("location", "Place 4321")]).await;
    assert_eq!(shown(&page), "Place 4321: 43.21 °C on average of 1 records");
    let page = open(&weather, &[("location", STRANGE)]).await;
    assert_eq!(
        shown(&page),
        r#"&lt;b&gt;Ürümqi&lt;/b&gt; &amp; "Söhne" + 100%: -3.50 °C on average of 2 records"#
    );
    assert_eq!(weather.metric(found).await, 2.0);

    let page = open(&weather, &[("location", "<i>nowhere</i>")]).await;
    assert_eq!(
        shown(&page),
        "There is no location &lt;i&gt;nowhere&lt;/i&gt;"
    );
    let mut side = weather.database().await;
    side.execute("ALTER TABLE weather_data RENAME TO elsewhere")
        .await;
    let page = open(&weather, &[("location", "Gabrielside")]).await;
    assert!(
        shown(&page).starts_with("the database failed"),
        "{}",
        shown(&page)
    );
}
