//! Trace context (W3C): which trace a request is the root of, and whether that is sampled.

use super::Progress;
use loadgen_data::rng::Stream;
use loadgen_plan::http::Sampling;
use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, cell::RefCell, fmt, str::FromStr};

/// Identifier of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub u128);

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for TraceId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        id.map(Self)
            .ok_or_else(|| format!("`{text}` is no trace id"))
    }
}

/// A request as the root of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The trace.
    pub id: TraceId,
    /// The request's span, below which the server puts its own.
    pub span: u64,
    /// The server is asked to record the trace.
    pub sampled: bool,
    /// The place of the server among its population's.
    pub server: usize,
    /// The response's status, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Trace {
    /// Length of what [`Trace::write`] writes.
    pub const LENGTH: usize = 55;

    /// Appends the value of `traceparent`. Allocates nothing besides `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"00-");
        hex(&self.id.0.to_be_bytes(), out);
        out.push(b'-');
        hex(&self.span.to_be_bytes(), out);
        // No other flags: some servers take no context that has any.
        out.extend_from_slice(if self.sampled { b"-01" } else { b"-00" });
    }
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        let digit = |half: u8| DIGITS[usize::from(half)];
        out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

/// Makes the ids of one worker. They are none of the seed's: whoever collects traces would take two
/// runs of one seed for the same.
#[derive(Debug)]
pub(super) struct Ids(RefCell<Stream>);

impl Ids {
    pub(super) fn new() -> Self {
        Self(RefCell::new(rand::make_rng()))
    }

    /// Begins the trace of a request to this server of its population, and notes it; None when
    /// the step has none.
    #[inline]
    pub(super) fn begin(
        &self,
        sampling: Option<Sampling>,
        server: usize,
        progress: &Progress,
    ) -> Option<Trace> {
        let trace = self.next(sampling?, server);
        progress.traced(trace);
        Some(trace)
    }

    fn next(&self, sampling: Sampling, server: usize) -> Trace {
        let mut random = self.0.borrow_mut();
        let (high, low) = (random.next_u64(), random.next_u64());
        // Ids of zeros alone are invalid. Which bit is set is never looked at for sampling.
        let id = (u128::from(high | 1) << 64) | u128::from(low);
        Trace {
            id: TraceId(id),
            span: random.next_u64().max(1),
            sampled: sampling.takes(id),
            server,
            status: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(trace: &Trace) -> String {
        let mut out = b"traceparent: ".to_vec();
        trace.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_context_reads_as_the_recommendation_has_it() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let mut trace = Trace {
            id: id.parse().unwrap(),
            span: 0x00f0_67aa_0b99_02b7,
            sampled: true,
            server: 0,
            status: None,
        };
        assert_eq!(
            written(&trace),
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0b9902b7-01"
        );
        assert_eq!(written(&trace).len(), "traceparent: ".len() + Trace::LENGTH);
        assert_eq!(trace.id.to_string(), id);
        trace.sampled = false;
        assert!(written(&trace).ends_with("-00"));
        for wrong in ["", "4bf9", &format!("+{}", &id[1..]), &id.replace('a', "x")] {
            assert!(wrong.parse::<TraceId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_share_is_of_all_ids_and_bounds_are_exact() {
        let ids = Ids::new();
        for (share, least, most) in [(0.0, 0, 0), (1.0, 20_000, 20_000), (0.25, 4_500, 5_500)] {
            let sampling = Sampling::share(share);
            let sampled = (0..20_000).filter(|_| ids.next(sampling, 0).sampled);
            let sampled = sampled.count();
            assert!((least..=most).contains(&sampled), "{sampled} of {share}");
        }
        let half = Sampling::share(0.5);
        assert!(half.takes(1 << 55) && !half.takes((1 << 55) - 1));
        // Nothing but the last 56 bits counts.
        assert!(!half.takes(u128::MAX << 56));
    }

    #[test]
    fn no_id_comes_twice() {
        let (one, other) = (Ids::new(), Ids::new());
        let all = Sampling::share(1.0);
        let ids = (0..1_000).flat_map(|_| [one.next(all, 0), other.next(all, 0)]);
        let ids: std::collections::HashSet<_> = ids.map(|trace| (trace.id, trace.span)).collect();
        assert_eq!(ids.len(), 2_000);
    }
}
