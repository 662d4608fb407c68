//! Running services with little data of their own, and a look into their database.

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use std::time::Duration;
use target_app::{App, Service, Setup};

use crate::backend::{Backend, Data, Side};

pub const JSON: &str = "application/json";
pub const FORM: &str = "application/x-www-form-urlencoded";

/// One service in this process.
pub struct Running {
    pub app: App,
    pub url: String,
    pub client: Client,
    pub service: Service,
    pub data: Data,
}

pub async fn start(backend: Backend, service: Service, records: u64) -> Running {
    start_on(backend.data(), service, |setup| {
        setup.records = Some(records);
    })
    .await
}

/// Starts on what `data` may hold, as `adjust` would have it.
pub async fn start_on(data: Data, service: Service, adjust: impl FnOnce(&mut Setup)) -> Running {
    let mut setup = Setup::new(&[service], Some(0), data.location()).unwrap();
    setup.records = Some(1_000);
    adjust(&mut setup);
    let app = App::start(&setup).await.unwrap();
    Running {
        url: app.endpoints()[0].url(),
        app,
        client: client(),
        service,
        data,
    }
}

pub fn client() -> Client {
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

impl Running {
    pub async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        request.send().await.unwrap()
    }

    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<String>) -> Response {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("content-type", content_type);
        request.body(body.into()).send().await.unwrap()
    }

    /// The value of a sample on the metrics page, 0 when it is not there.
    pub async fn metric(&self, sample: &str) -> f64 {
        let page = self.get("/metrics").await.text().await.unwrap();
        page.lines()
            .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))
            .map_or(0.0, |value| value.parse().unwrap())
    }

    /// A connection of the test's own to the service's database.
    pub async fn database(&self) -> Side {
        self.data.side(self.service).await
    }

    pub async fn number(&self, sql: &str) -> i64 {
        self.database().await.number(sql).await
    }
}

/// The body of an answer with this status, which must be JSON.
pub async fn json(response: Response, status: StatusCode) -> Value {
    let (found, url) = (response.status(), response.url().clone());
    assert_eq!(response.headers()["content-type"], JSON, "{url}");
    let text = response.text().await.unwrap();
    assert_eq!(found, status, "{url}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Checks an error, and returns its code.
pub async fn error(response: Response, status: StatusCode) -> String {
    let body = json(response, status).await;
    assert!(!body["message"].as_str().unwrap().is_empty(), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    body["error"].as_str().unwrap().to_owned()
}
