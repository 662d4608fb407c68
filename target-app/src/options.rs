//! The flags of single services and of telemetry.

use std::time::Duration;

use crate::{CacheSetting, MeteringConfig, Profile, SnsConfig, TelemetryConfig};

/// Flags that most runs do without.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Options {
    /// orders: acknowledge each Nth order without storing it, for verifications to find out
    /// [default: none]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub drop_orders: Option<u64>,

    /// orders: serve /metrics on this port as well [default: 8000, without --port]
    #[arg(long, value_name = "N", env = "LOADGEN_METRICS_PORT")]
    pub metrics_port: Option<u16>,

    /// metering: length of a window, in whole seconds [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = window)]
    pub window: Option<Duration>,

    /// metering: redis://HOST:PORT, where instances lock windows [default: that of
    /// --cache; without one there is one instance and no lock]
    #[arg(long, value_name = "URL", value_parser = redis)]
    pub redis: Option<redis::Client>,

    /// metering: how long to wait for the lock of a window [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub lock_wait: Option<Duration>,

    /// metering: how long a lock lasts that is not given back [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = lease)]
    pub lock_lease: Option<Duration>,

    /// metering: what happens when the database fails or is slow [default: load]
    #[arg(long, value_enum, value_name = "NAME")]
    pub profile: Option<Profile>,

    /// hello: an SNS endpoint to publish to, with AWS's environment variables for credentials and
    /// region [default: a topic within the process]
    #[arg(long, value_name = "URL")]
    pub sns_endpoint: Option<String>,

    /// hello: the topic's name, made when it is missing, or its ARN [default: hello]
    #[arg(long, value_name = "NAME", requires = "sns_endpoint")]
    pub sns_topic: Option<String>,

    /// hello: the webhook as SNS reaches it [default: http://127.0.0.1:PORT/webhook/sns]
    #[arg(long, value_name = "URL", requires = "sns_endpoint")]
    pub sns_webhook: Option<String>,

    /// Send spans to this OTLP receiver over HTTP, such as http://127.0.0.1:4318 [default: none]
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp: Option<String>,

    /// Write a line of JSON on stderr for each request, with its trace id
    #[arg(long)]
    pub log_json: bool,
}

impl Options {
    /// Locks are where the cache is, unless they have a place of their own.
    pub(crate) fn metering(&self, cache: &CacheSetting) -> MeteringConfig {
        let default = MeteringConfig::default();
        MeteringConfig {
            window: self.window.unwrap_or(default.window),
            lock_wait: self.lock_wait.unwrap_or(default.lock_wait),
            lock_lease: self.lock_lease.unwrap_or(default.lock_lease),
            redis: self.redis.clone().or_else(|| match cache {
                CacheSetting::Redis(client) => Some(client.clone()),
                CacheSetting::Off | CacheSetting::Memory => None,
            }),
            profile: self.profile.unwrap_or(default.profile),
        }
    }

    /// Port on which orders serves its metrics besides: `port` is that of the first service.
    pub(crate) fn metrics_port(&self, port: Option<u16>) -> Option<u16> {
        self.metrics_port.or(port.is_none().then_some(8000))
    }

    pub(crate) fn sns(&self) -> SnsConfig {
        let default = SnsConfig::default();
        SnsConfig {
            endpoint: self.sns_endpoint.clone(),
            topic: self.sns_topic.clone().unwrap_or(default.topic),
            webhook: self.sns_webhook.clone(),
        }
    }

    pub(crate) fn telemetry(&self) -> TelemetryConfig {
        TelemetryConfig {
            // An empty variable is as good as none.
            otlp: self.otlp.clone().filter(|url| !url.is_empty()),
            log: self.log_json,
        }
    }
}

fn window(text: &str) -> Result<Duration, String> {
    let window = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let most = Duration::from_secs(24 * 60 * 60);
    if window.subsec_nanos() == 0 && !window.is_zero() && window <= most {
        Ok(window)
    } else {
        Err("a window is a number of whole seconds, from 1s to 24h".to_owned())
    }
}

fn lease(text: &str) -> Result<Duration, String> {
    let lease = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if lease.as_millis() > 0 {
        Ok(lease)
    } else {
        Err("a lock has to last at least 1ms".to_owned())
    }
}

fn redis(text: &str) -> Result<redis::Client, String> {
    redis::Client::open(text).map_err(|error| error.to_string())
}
