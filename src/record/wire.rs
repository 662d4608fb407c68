//! An interval as text, so that what was measured outlives the process that measured it.

use super::{Ending, Hist, Measures, Sample, Size, Snapshot, Traced, Traces};
use crate::driver::{ErrorClass, TraceId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A [`Snapshot`] of the whole run in a form that can be written. Histograms are HDR V2-deflate in
/// base64, in ns; what is zero or empty is left out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Interval {
    second: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    warmup: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    late: Option<Box<Interval>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    users: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    in_flight: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    queued: u64,
    steps: Vec<Part>,
    tasks: Vec<Part>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lag: Option<Times>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    traces: Vec<StepTraces>,
}

/// What is kept of a step's traces.
#[derive(Debug, Serialize, Deserialize)]
struct StepTraces {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    slowest: Vec<Request>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Request>,
}

/// A [`Traced`]; times are in ns.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    id: String,
    sampled: bool,
    latency: u64,
    ended: u64,
    ending: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Part {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ok: Option<Times>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<Times>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut: Option<Times>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<Times>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connect: Option<Times>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool_wait: Option<Times>,
    #[serde(default, skip_serializing_if = "is_zero")]
    offered: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    dropped: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    unknown: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    retries: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    reconnects: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    bytes_sent: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    bytes_received: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    by_class: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    checks: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missed: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    samples: Vec<(String, String)>,
    /// By sample, where one has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sample_traces: Vec<Option<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Times {
    hdr: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    saturated: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Interval {
    /// Of a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        Self {
            second: snapshot.second,
            warmup: snapshot.warmup,
            late: snapshot.late.as_ref().map(|late| Box::new(Self::of(late))),
            users: snapshot.users,
            in_flight: snapshot.in_flight,
            queued: snapshot.queued,
            steps: snapshot.steps.iter().map(Part::of).collect(),
            tasks: snapshot.tasks.iter().map(Part::of).collect(),
            groups: snapshot.groups.iter().map(Part::of).collect(),
            lag: Times::of(&snapshot.lag),
            traces: snapshot.traces.iter().map(StepTraces::of).collect(),
        }
    }

    /// The snapshot again, of a plan of this size.
    ///
    /// # Errors
    /// In words, when it is of another plan or damaged.
    pub fn snapshot(&self, size: Size) -> Result<Snapshot, String> {
        if Size::new(self.steps.len(), self.tasks.len(), self.groups.len()) != size {
            return Err("an interval has other steps or tasks than the run".to_owned());
        }
        let measures = |parts: &[Part]| {
            let read = parts.iter().map(Part::measures);
            read.collect::<Result<Vec<_>, _>>()
        };
        Ok(Snapshot {
            second: self.second,
            warmup: self.warmup,
            late: match &self.late {
                None => None,
                Some(late) => Some(Box::new(late.snapshot(size)?)),
            },
            users: self.users,
            in_flight: self.in_flight,
            queued: self.queued,
            steps: measures(&self.steps)?,
            tasks: measures(&self.tasks)?,
            groups: measures(&self.groups)?,
            lag: Times::hist(self.lag.as_ref())?,
            traces: self
                .traces
                .iter()
                .map(StepTraces::traces)
                .collect::<Result<_, _>>()?,
            ..Snapshot::default()
        })
    }
}

impl Part {
    fn of(measures: &Measures) -> Self {
        let classes = ErrorClass::ALL.iter().zip(measures.by_class);
        let samples = measures.samples.iter();
        Self {
            ok: Times::of(&measures.ok),
            failed: Times::of(&measures.failed),
            cut: Times::of(&measures.cut),
            service: Times::of(&measures.service),
            connect: Times::of(&measures.connect),
            pool_wait: Times::of(&measures.pool_wait),
            offered: measures.offered,
            dropped: measures.dropped,
            unknown: measures.unknown,
            retries: measures.retries,
            reconnects: measures.reconnects,
            bytes_sent: measures.bytes_sent,
            bytes_received: measures.bytes_received,
            by_class: classes
                .filter(|(_, count)| *count > 0)
                .map(|(class, count)| (class.name().to_owned(), count))
                .collect(),
            checks: measures.checks,
            missed: measures.missed.clone(),
            samples: samples
                .map(|sample| (sample.class.name().to_owned(), sample.message.clone()))
                .collect(),
            sample_traces: match measures.samples.iter().any(|it| it.trace.is_some()) {
                true => measures.samples.iter().map(sample_trace).collect(),
                false => Vec::new(),
            },
        }
    }

    fn measures(&self) -> Result<Measures, String> {
        let mut measures = Measures {
            ok: Times::hist(self.ok.as_ref())?,
            failed: Times::hist(self.failed.as_ref())?,
            cut: Times::hist(self.cut.as_ref())?,
            service: Times::hist(self.service.as_ref())?,
            connect: Times::hist(self.connect.as_ref())?,
            pool_wait: Times::hist(self.pool_wait.as_ref())?,
            offered: self.offered,
            dropped: self.dropped,
            unknown: self.unknown,
            retries: self.retries,
            reconnects: self.reconnects,
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            checks: self.checks,
            missed: self.missed.clone(),
            ..Measures::default()
        };
        for (name, count) in &self.by_class {
            measures.by_class[class(name)? as usize] = *count;
        }
        let mut traces = self.sample_traces.iter();
        for (name, message) in &self.samples {
            let trace = traces.next().and_then(Option::as_ref);
            measures.samples.push(Sample {
                class: class(name)?,
                message: message.clone(),
                trace: trace.map(|id| id.parse()).transpose()?,
            });
        }
        Ok(measures)
    }
}

fn sample_trace(sample: &Sample) -> Option<String> {
    sample.trace.map(|id| id.to_string())
}

impl StepTraces {
    fn of(traces: &Traces) -> Self {
        let requests = |list: &[Traced]| list.iter().map(Request::of).collect();
        Self {
            slowest: requests(&traces.slowest),
            failed: requests(&traces.failed),
        }
    }

    fn traces(&self) -> Result<Traces, String> {
        let traced = |list: &[Request]| {
            list.iter()
                .map(Request::traced)
                .collect::<Result<_, String>>()
        };
        Ok(Traces {
            slowest: traced(&self.slowest)?,
            failed: traced(&self.failed)?,
        })
    }
}

impl Request {
    fn of(traced: &Traced) -> Self {
        Self {
            id: traced.id.to_string(),
            sampled: traced.sampled,
            latency: traced.latency,
            ended: traced.ended,
            ending: traced.ending.name().to_owned(),
        }
    }

    fn traced(&self) -> Result<Traced, String> {
        Ok(Traced {
            id: self.id.parse::<TraceId>()?,
            sampled: self.sampled,
            latency: self.latency,
            ended: self.ended,
            ending: match self.ending.as_str() {
                "ok" => Ending::Ok,
                "interrupted" => Ending::Interrupted,
                failed => Ending::Failed(class(failed)?),
            },
        })
    }
}

impl Times {
    fn of(hist: &Hist) -> Option<Self> {
        hist.to_base64().map(|hdr| Self {
            hdr,
            saturated: hist.saturated(),
        })
    }

    fn hist(times: Option<&Self>) -> Result<Hist, String> {
        times.map_or_else(
            || Ok(Hist::default()),
            |times| Hist::from_base64(&times.hdr, times.saturated),
        )
    }
}

fn class(name: &str) -> Result<ErrorClass, String> {
    let mut classes = ErrorClass::ALL.into_iter();
    classes
        .find(|class| class.name() == name)
        .ok_or_else(|| format!("`{name}` is no class of errors"))
}
