//! The routes of the service.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};

use super::cache::{Cache, Missing};
use super::metrics::WeatherMetrics;
use super::page;
use super::store::Average;
use crate::database::Database;
use crate::http::{Api, ApiError, Format, TypedBody, json_response, parse_form, parse_json};
use crate::{CacheSetting, Error, Service};

#[derive(Clone)]
struct Weather {
    cache: Cache,
    metrics: WeatherMetrics,
    page: Bytes,
    locations: Bytes,
}

/// The service over a filled database. No route changes the records, so the list of locations and
/// the page with it are made once.
pub(crate) async fn router(
    database: Database,
    cache: &CacheSetting,
    locations: &[String],
) -> Result<Router, Error> {
    let mut registry = Registry::default();
    let weather = Weather {
        cache: Cache::open(cache, database.clone(), &mut registry).await?,
        metrics: WeatherMetrics::register(&mut registry),
        page: page::render(locations).into(),
        locations: serde_json::to_vec(locations).unwrap_or_default().into(),
    };
    Ok(Api::new()
        .route("/", get(index))
        .route("/locations", get(all))
        .route("/query", post(query))
        .finish(weather, Service::Weather, database, registry))
}

async fn index(State(weather): State<Weather>) -> Response {
    made_before(weather.page, "text/html; charset=utf-8")
}

async fn all(State(weather): State<Weather>) -> Response {
    made_before(weather.locations, "application/json")
}

fn made_before(body: Bytes, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[derive(Deserialize)]
struct Query {
    location: Option<String>,
}

async fn query(State(weather): State<Weather>, body: TypedBody) -> Result<Response, ApiError> {
    let query: Query = match body.format {
        Format::Json => parse_json(&body.bytes)?,
        Format::Form => parse_form(&body.bytes)?,
    };
    let location = query
        .location
        .filter(|location| !location.is_empty())
        .ok_or_else(|| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "missing_location",
                "location is missing",
            )
        })?;
    match weather.cache.average(&location).await {
        Ok(average) => {
            weather.metrics.found.inc();
            let answer = Answer {
                location: &location,
                average,
            };
            Ok(json_response(StatusCode::OK, &answer))
        }
        Err(missing) => match &*missing {
            Missing::Unknown => {
                weather.metrics.unknown.inc();
                Err(ApiError::new(
                    StatusCode::NOT_FOUND,
                    "unknown_location",
                    format!("there are no records of {location:?}"),
                ))
            }
            Missing::Database(error) => Err(error.into()),
        },
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    location: &'a str,
    #[serde(flatten)]
    average: Average,
}
