use reqwest::StatusCode;
use serde_json::{Value, json};
use target_app::Service::Weather;

use crate::backend::{Backend, on_each_backend};
use crate::harness::{self, FORM, JSON, error, start};

on_each_backend! {
    the_page_offers_every_location,
    a_query_gives_the_average_whether_form_or_json,
    records_are_plausible_and_even,
    bad_queries_are_refused,
    a_failing_database_is_503_until_it_is_back,
}

async fn the_page_offers_every_location(backend: Backend) {
    let weather = start(backend, Weather, 3_000).await;
    let answer = weather.get("/").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let page = answer.text().await.unwrap();
    let names: Vec<String> = weather
        .database()
        .await
        .texts("SELECT DISTINCT location FROM weather_data ORDER BY location")
        .await;
    assert_eq!(names.len(), 1_000);
    let offered: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("<option>")?.strip_suffix("</option>"))
        .collect();
    assert_eq!(offered, names);
    let list = harness::json(weather.get("/locations").await, StatusCode::OK).await;
    assert_eq!(list, json!(names));
    assert!(page.contains(r#"<form action="/query" method="post">"#));
}

async fn a_query_gives_the_average_whether_form_or_json(backend: Backend) {
    let weather = start(backend, Weather, 3_000).await;
    for known in ["Port Tiffanyhaven", "Gabrielside", "Michaelchester"] {
        let sql = format!(
            "SELECT avg(temperature), count(*) FROM weather_data WHERE location = '{known}'"
        );
        let (average, records) = weather.database().await.average(&sql).await;
        let average = (average * 100.0).round() / 100.0;
        assert_eq!(records, 3);
        let expected =
            json!({ "location": known, "average_temperature": average, "records": records });
        let form = format!("location={}", known.replace(' ', "+"));
        let json = json!({ "location": known }).to_string();
        for (content_type, body) in [(FORM, form), (JSON, json)] {
            let answer = weather.post("/query", content_type, body).await;
            assert_eq!(harness::json(answer, StatusCode::OK).await, expected);
        }
    }
    assert_eq!(
        weather
            .metric(r#"weather_queries_total{result="found"}"#)
            .await,
        6.0
    );
}

async fn records_are_plausible_and_even(backend: Backend) {
    let weather = start(backend, Weather, 10_000).await;
    let (from, to) = match backend {
        Backend::Sqlite => (
            "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-5 years')",
            "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
        ),
        Backend::Postgres => ("now() - interval '5 years'", "now()"),
        Backend::MySql => ("utc_timestamp() - INTERVAL 5 YEAR", "utc_timestamp()"),
    };
    let outside = format!(
        "SELECT count(*) FROM weather_data WHERE temperature NOT BETWEEN -10 AND 40 \
         OR humidity NOT BETWEEN 20 AND 100 OR wind_speed NOT BETWEEN 0 AND 20 \
         OR timestamp NOT BETWEEN {from} AND {to}"
    );
    assert_eq!(weather.number(&outside).await, 0);
    let uneven = "SELECT count(*) FROM (SELECT location FROM weather_data GROUP BY location HAVING count(*) != 10) AS uneven";
    assert_eq!(weather.number(uneven).await, 0);
}

async fn bad_queries_are_refused(backend: Backend) {
    let weather = start(backend, Weather, 1_000).await;
    let unknown = weather.post("/query", FORM, "location=Atlantis").await;
    assert_eq!(
        error(unknown, StatusCode::NOT_FOUND).await,
        "unknown_location"
    );
    for strange in ["Port%20Tiffanyhaven%00", "%FF%FE", "';--", "%3Cb%3E"] {
        let answer = weather
            .post("/query", FORM, format!("location={strange}"))
            .await;
        error(answer, StatusCode::NOT_FOUND).await;
    }
    for (content_type, missing) in [
        (FORM, ""),
        (FORM, "location="),
        (FORM, "place=Gabrielside"),
        (JSON, "{}"),
        (JSON, r#"{"location":""}"#),
        (JSON, r#"{"location":null}"#),
    ] {
        let answer = weather.post("/query", content_type, missing).await;
        let code = error(answer, StatusCode::BAD_REQUEST).await;
        assert_eq!(code, "missing_location", "{missing}");
    }
    let answer = weather.post("/query", JSON, r#"{"location""#).await;
    assert_eq!(
        error(answer, StatusCode::BAD_REQUEST).await,
        "malformed_json"
    );
    let answer = weather.post("/query", FORM, "location=a&location=b").await;
    assert_eq!(
        error(answer, StatusCode::BAD_REQUEST).await,
        "malformed_form"
    );
    for wrong in [r#"{"location":5}"#, r#"["Gabrielside"]"#, "null"] {
        let answer = weather.post("/query", JSON, wrong).await;
        let code = error(answer, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "invalid", "{wrong}");
    }
    let answer = weather.post("/query", "text/plain", "Gabrielside").await;
    error(answer, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let large = format!("location={}", "x".repeat(64 * 1024));
    let answer = weather.post("/query", FORM, large).await;
    error(answer, StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(
        weather
            .metric(r#"weather_queries_total{result="unknown"}"#)
            .await,
        5.0
    );
}

async fn a_failing_database_is_503_until_it_is_back(backend: Backend) {
    let weather = start(backend, Weather, 1_000).await;
    let mut side = weather.database().await;
    side.execute("ALTER TABLE weather_data RENAME TO elsewhere")
        .await;
    let ask = || weather.post("/query", FORM, "location=Gabrielside");
    let code = error(ask().await, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(code, "database_unavailable");
    side.execute("ALTER TABLE elsewhere RENAME TO weather_data")
        .await;
    let found: Value = harness::json(ask().await, StatusCode::OK).await;
    assert_eq!(found["records"], 1);
}
