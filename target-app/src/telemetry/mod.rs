//! Telemetry of a service besides its metrics: spans over OTLP, and log lines in JSON.
//!
//! Both are off unless asked for. Off means that no span, no layer and no text is made: what is
//! left of it is one look at an empty `Option` per database call.

mod call;
mod log;
mod propagation;
mod request;

pub(crate) use call::{CallSpan, Called, PoolUse, Server};
pub(crate) use log::Level;
pub(crate) use propagation::Carrier;
use propagation::context_of;
pub(crate) use request::{Operation, track};

use opentelemetry::Context;
use opentelemetry::trace::{Link, SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::Error;
use log::Log;

/// Spans that wait to be sent, at most; more are dropped rather than held.
const QUEUE: usize = 16 * 1024;

/// Spans in one message, at most.
const BATCH: usize = 2 * 1024;

/// Longest wait of a span for others to be sent with.
const DELAY: Duration = Duration::from_secs(1);

/// Longest time for sending the last spans when the service ends.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// Settings of the telemetry.
#[derive(Debug, Clone, Default)]
pub struct TelemetryConfig {
    /// Base URL of an OTLP receiver that speaks HTTP, `http://127.0.0.1:4318`; none sends no spans.
    pub otlp: Option<String>,
    /// True if each request is a line of JSON on stderr.
    pub log: bool,
}

/// The telemetry of one service; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Telemetry(Option<Arc<On>>);

#[derive(Debug)]
struct On {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    log: Option<Log>,
}

impl Telemetry {
    /// Starts the telemetry that `config` asks for, in the name of `service`.
    pub(crate) fn new(service: &'static str, config: &TelemetryConfig) -> Result<Self, Error> {
        if config.otlp.is_none() && !config.log {
            return Ok(Self::default());
        }
        let resource = Resource::builder().with_service_name(service).build();
        let mut provider = SdkTracerProvider::builder().with_resource(resource);
        if let Some(url) = &config.otlp {
            provider = provider.with_span_processor(sender(url)?);
        }
        let provider = provider.build();
        Ok(Self(Some(Arc::new(On {
            tracer: provider.tracer("target-app"),
            provider,
            log: config.log.then(|| Log::to_stderr(service)),
        }))))
    }

    /// True if there is anything to tell.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The time, when there is anything to tell.
    pub(crate) fn now(&self) -> Option<SystemTime> {
        self.is_on().then(SystemTime::now)
    }

    /// A log line of an event that is no request, within the current span if there is one.
    pub(crate) fn event(&self, level: Level, message: &str, fields: serde_json::Value) {
        if let Some(log) = self.0.as_ref().and_then(|on| on.log.as_ref()) {
            log.write(level, message, fields);
        }
    }

    /// Runs `work` for a message as a CONSUMER span below the one that the message came from, and
    /// linked to the current one.
    pub(crate) fn consume(&self, name: &'static str, trace: &Carrier, work: impl FnOnce()) {
        let Some(on) = &self.0 else {
            return work();
        };
        let delivery = Context::map_current(|current| current.span().span_context().clone());
        let parent = trace.context();
        let span = on
            .tracer
            .span_builder(name)
            .with_kind(SpanKind::Consumer)
            .with_links(vec![Link::with_context(delivery)]);
        let context = parent.with_span(on.tracer.build_with_context(span, &parent));
        let _current = context.clone().attach();
        work();
        self.event(Level::Info, name, serde_json::Value::Null);
        context.span().end();
    }

    /// Sends what waits to be sent, for up to two seconds.
    pub(crate) async fn close(&self) {
        if let Some(on) = self.0.clone() {
            // Best effort: a receiver that is gone must not keep the service from ending.
            let flush = move || drop(on.provider.shutdown_with_timeout(SHUTDOWN));
            let _ = tokio::task::spawn_blocking(flush).await;
        }
    }
}

fn sender(url: &str) -> Result<BatchSpanProcessor, Error> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", url.trim_end_matches('/')))
        .build()
        .map_err(|error| Error::Otlp {
            url: url.to_owned(),
            reason: error.to_string(),
        })?;
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(DELAY)
        .build();
    Ok(BatchSpanProcessor::builder(exporter)
        .with_batch_config(config)
        .build())
}
