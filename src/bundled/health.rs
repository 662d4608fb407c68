//! Health check of a service.

use std::time::Duration;
use tokio::time::{Instant, sleep};
use url::Url;

const HEALTH_TIMEOUT: Duration = Duration::from_secs(10);

/// Waits until the service at `url` says that it is.
pub(super) async fn wait_healthy(url: &Url) -> Result<(), String> {
    let health = url
        .join("/health")
        .map_err(|error| format!("{url}: {error}"))?;
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(1))
        .build()
        .map_err(|error| format!("no client for the health check: {error}"))?;
    let deadline = Instant::now() + HEALTH_TIMEOUT;
    loop {
        let problem = match client.get(health.clone()).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => answer.status().to_string(),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= deadline {
            return Err(format!(
                "{health} is not healthy after {HEALTH_TIMEOUT:?}: {problem}"
            ));
        }
        sleep(Duration::from_millis(20)).await;
    }
}
