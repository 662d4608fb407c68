//! W3C trace context, in headers and in messages.

use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use serde::{Deserialize, Serialize};

/// The trace context of headers; an empty context when they have none, or a broken one.
pub(crate) fn context_of(headers: &HeaderMap) -> Context {
    struct Headers<'a>(&'a HeaderMap);
    impl Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.to_str().ok()
        }
        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(|name| name.as_str()).collect()
        }
    }
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers))
}

/// The trace context as keys of a JSON message, for ways that lose headers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carrier {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tracestate: Option<String>,
}

impl Carrier {
    /// The current span's context; empty without one.
    pub(crate) fn of_current() -> Self {
        let mut carrier = Self::default();
        TraceContextPropagator::new().inject_context(&Context::current(), &mut carrier);
        carrier
    }

    /// The context that was carried; an empty one when there is none.
    pub(crate) fn context(&self) -> Context {
        TraceContextPropagator::new().extract_with_context(&Context::new(), self)
    }

    /// The `traceparent`, where a way has room for a text of its own.
    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }
}

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        let slot = match key {
            "traceparent" => &mut self.traceparent,
            "tracestate" => &mut self.tracestate,
            _ => return,
        };
        *slot = Some(value).filter(|value| !value.is_empty());
    }
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.traceparent.as_deref(),
            "tracestate" => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TraceContextExt;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_carried_comes_out_and_nonsense_is_no_context() {
        let carrier: Carrier = serde_json::from_str(&format!(
            r#"{{"traceparent":"{PARENT}","tracestate":"a=b"}}"#
        ))
        .unwrap();
        let context = carrier.context();
        let span = context.span();
        let found = span.span_context();
        assert_eq!(
            found.trace_id().to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(found.trace_state().header(), "a=b");
        let _guard = context.clone().attach();
        assert_eq!(Carrier::of_current(), carrier);

        for broken in [
            "",
            "00-0-0-01",
            "x",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", broken.parse().unwrap());
            assert!(!context_of(&headers).has_active_span(), "{broken}");
        }
    }
}
