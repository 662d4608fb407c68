//! Exports of metrics while a run goes on.

use crate::{
    export::{About, Exporter, Naming, Server, Wanted},
    plan::Plan,
    run::{Cause, Observer, RunInfo, Second},
    scenario::units,
    time::Clock,
};
use futures_util::future::LocalBoxFuture;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use url::Url;

/// Metrics that are sent while the run goes on.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Live metrics")]
pub struct Exports {
    /// Sends metrics to a Prometheus that takes remote write, such as
    /// http://127.0.0.1:9090/api/v1/write
    #[arg(long, value_name = "URL", value_parser = http_url, env = "LOADGEN_PROMETHEUS_REMOTE_WRITE")]
    prometheus_remote_write: Option<Url>,
    /// Serves metrics for a Prometheus to scrape, at /metrics of this address, such as
    /// 127.0.0.1:9464 or just the port
    #[arg(long, value_name = "ADDRESS", value_parser = address, env = "LOADGEN_PROMETHEUS_LISTEN")]
    prometheus_listen: Option<SocketAddr>,
    /// Name by which that page may be requested, such as runner.example.org; not needed for
    /// addresses, names without a dot, and names below `local` and `internal`
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        requires = "prometheus_listen",
        env = "LOADGEN_PROMETHEUS_HOST"
    )]
    prometheus_host: Vec<String>,
    /// Sends metrics by OTLP over HTTP, such as to http://127.0.0.1:4318
    #[arg(long, value_name = "URL", value_parser = http_url, env = "LOADGEN_OTLP_METRICS")]
    otlp_metrics: Option<Url>,
    /// Sends spans of sampled requests by OTLP over HTTP, such as to http://127.0.0.1:4318; needs
    /// [trace] in the scenario, or --trace
    #[arg(long, value_name = "URL", value_parser = http_url, env = "LOADGEN_OTLP_TRACES")]
    otlp_traces: Option<Url>,
    /// Names of the metrics
    #[arg(
        long,
        value_name = "NAMES",
        value_enum,
        default_value_t,
        env = "LOADGEN_METRIC_NAMES"
    )]
    metric_names: Naming,
    /// Interval between exports; percentiles are over this time
    #[arg(long, value_name = "TIME", value_parser = interval, default_value = "5s", env = "LOADGEN_METRICS_INTERVAL")]
    metrics_interval: Duration,
}

impl Exports {
    /// Has plans keep what is to be sent.
    ///
    /// # Errors
    /// In words, when none of them has anything of the kind.
    pub fn prepare<'p>(
        &self,
        plans: impl Iterator<Item = &'p mut Plan>,
    ) -> Result<(), &'static str> {
        if self.otlp_traces.is_none() {
            return Ok(());
        }
        let mut traced = false;
        for trace in plans.filter_map(|plan| plan.trace.as_mut()) {
            trace.spans = true;
            traced = true;
        }
        match traced {
            true => Ok(()),
            false => Err(
                "--otlp-traces sends spans of requests that are traced, and none is: \
                 give --trace as well, or write [trace] into the scenario",
            ),
        }
    }

    /// Begins to hand on what is measured of a run; None when nobody wants it.
    fn start(&self, info: &RunInfo) -> Result<Option<Exporter>, String> {
        let wanted = Wanted {
            remote_write: self.prometheus_remote_write.clone(),
            listen: self.prometheus_listen,
            hosts: self.prometheus_host.clone(),
            otlp: self.otlp_metrics.clone(),
            spans: self.otlp_traces.clone(),
            naming: self.metric_names,
            every: self.metrics_interval,
        };
        let about = About {
            scenario: info.plan.name.clone(),
            run_id: info.id.to_string(),
            plan: Arc::clone(&info.plan),
            servers: (0..info.plan.populations.len())
                .map(|population| info.http.servers(population).map(server).collect())
                .collect(),
        };
        Exporter::start(wanted, about)
    }
}

/// Hands on a run's seconds to those who want them.
pub struct LiveExport<'a> {
    exports: &'a Exports,
    /// None before the load, and where nobody wants anything.
    exporter: Option<Exporter>,
}

impl<'a> LiveExport<'a> {
    /// Makes the exporters that the flags ask for.
    pub fn new(exports: &'a Exports) -> Self {
        Self {
            exports,
            exporter: None,
        }
    }
}

impl Observer for LiveExport<'_> {
    fn begin(&mut self, info: &RunInfo) -> Result<(), Cause> {
        self.exporter = self.exports.start(info).map_err(Cause::Failed)?;
        Ok(())
    }

    fn started(&mut self, clock: Clock) {
        if let Some(exporter) = &mut self.exporter {
            exporter.begins(clock);
        }
    }

    fn second(&mut self, second: &Second<'_>) {
        if let Some(exporter) = &mut self.exporter {
            exporter.push(second.snapshot);
        }
    }

    fn settle(&mut self) -> LocalBoxFuture<'_, Vec<String>> {
        let exporter = self.exporter.take();
        Box::pin(async {
            match exporter {
                Some(exporter) => exporter.finish().await,
                None => Vec::new(),
            }
        })
    }
}

fn server((secure, host, port): (bool, &str, u16)) -> Server {
    Server {
        scheme: if secure { "https" } else { "http" },
        host: host.to_owned(),
        port,
    }
}

fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let fits = matches!(url.scheme(), "http" | "https") && url.has_host();
    fits.then_some(url)
        .ok_or_else(|| "write it as http://host:port/path".to_owned())
}

/// A port alone is one of this machine.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    text.parse()
        .map_err(|_| "write it as 127.0.0.1:9464".to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = units::duration(text).map_err(|error| error.to_string())?;
    let seconds = (Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&interval);
    let fits = seconds && interval.subsec_nanos() == 0;
    fits.then_some(interval)
        .ok_or_else(|| "whole seconds, from 1s to 1h".to_owned())
}
