//! Statistics of a step, a task, a group or everything, as in the result file: an object whose keys
//! include those of the counters and timers. One list of its keys makes what is written, what is
//! read and the schema.

use super::figure_set::{Errors, Figures, Hdr};
use loadgen_core::metric::{Counter, Counters, Key as _, Timer, Timers, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap as _,
};
use std::{borrow::Cow, collections::BTreeMap, fmt, ops::Index};

/// Statistics of a step, a task, a group or everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// Counts, those of indexing by a [`Counter`].
    pub counts: Counters,
    /// Requests or runs that ended, whatever the outcome.
    pub count: u64,
    /// Requests or runs that ended per second of the load: task runs of everything, a task's runs,
    /// a step's requests.
    pub rate_per_s: f64,
    /// Requests that ended per second of the load.
    pub requests_per_s: f64,
    /// Responses by status code, the 100 most frequent ones; `other` are all others.
    pub statuses: BTreeMap<String, u64>,
    /// Failures.
    pub errors: Errors,
    /// Intended start to last byte, every outcome; what was cut off counts at its age.
    pub latency_us: Option<Figures>,
    /// Times, those of indexing by a [`Timer`].
    pub times: Timers<Option<Figures>>,
    /// The distributions themselves.
    pub hdr: Hdr,
}

impl Index<Counter> for Stats {
    type Output = u64;

    fn index(&self, counter: Counter) -> &u64 {
        &self.counts[counter]
    }
}

impl Index<Timer> for Stats {
    type Output = Option<Figures>;

    fn index(&self, timer: Timer) -> &Option<Figures> {
        &self.times[timer]
    }
}

/// Something that has a key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Item {
    Counter(Counter),
    Count,
    Rate,
    Requests,
    Statuses,
    Errors,
    Latency,
    Timer(Timer),
    Hdr,
}

impl Item {
    /// Everything, in the order in which it is written: what was due and what came of it, times, bytes.
    fn all() -> impl Iterator<Item = Self> {
        let of = |unit| {
            let counters = Counter::ALL.into_iter();
            counters.filter(move |counter| counter.info().unit == unit)
        };
        let (due, events) = (Counter::Offered, of(Unit::Events));
        let events = events.filter(move |counter| *counter != due);
        let timers = Timer::ALL.into_iter();
        let timers = timers.filter(|timer| timer.info().key.is_some());
        [Item::Counter(due), Item::Count, Item::Rate, Item::Requests]
            .into_iter()
            .chain(events.map(Item::Counter))
            .chain([Item::Statuses, Item::Errors, Item::Latency])
            .chain(timers.map(Item::Timer))
            .chain(of(Unit::Bytes).map(Item::Counter))
            .chain([Item::Hdr])
    }

    fn key(self) -> &'static str {
        match self {
            Item::Counter(counter) => counter.name(),
            Item::Count => "count",
            Item::Rate => "rate_per_s",
            Item::Requests => "requests_per_s",
            Item::Statuses => "statuses",
            Item::Errors => "errors",
            Item::Latency => "latency_us",
            Item::Timer(timer) => timer.info().key.unwrap_or_default(),
            Item::Hdr => "hdr",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Item::Counter(counter) => counter.info().meaning,
            Item::Count => "Requests or runs that ended, whatever the outcome.",
            Item::Rate => {
                "Number that ended per second of its load: task runs of everything, a task's runs, a \
                 step's requests."
            }
            Item::Requests => "Requests that ended per second of the load.",
            Item::Statuses => {
                "Responses by status code, where there are some: the 100 most frequent codes, and \
                 `other` for the rest."
            }
            Item::Errors => "Failures.",
            Item::Latency => {
                "Intended start to last byte, every outcome; what was cut off counts at its age."
            }
            Item::Timer(timer) => timer.info().meaning,
            Item::Hdr => "The distributions themselves.",
        }
    }

    fn schema(self, generator: &mut SchemaGenerator) -> Schema {
        match self {
            Item::Counter(_) | Item::Count => generator.subschema_for::<u64>(),
            Item::Rate | Item::Requests => generator.subschema_for::<f64>(),
            Item::Statuses => generator.subschema_for::<BTreeMap<String, u64>>(),
            Item::Errors => generator.subschema_for::<Errors>(),
            Item::Latency | Item::Timer(_) => generator.subschema_for::<Option<Figures>>(),
            Item::Hdr => generator.subschema_for::<Hdr>(),
        }
    }
}

impl Serialize for Stats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for item in Item::all() {
            let key = item.key();
            match item {
                Item::Counter(counter) => map.serialize_entry(key, &self[counter])?,
                Item::Count => map.serialize_entry(key, &self.count)?,
                Item::Rate => map.serialize_entry(key, &self.rate_per_s)?,
                Item::Requests => map.serialize_entry(key, &self.requests_per_s)?,
                Item::Statuses if self.statuses.is_empty() => {}
                Item::Statuses => map.serialize_entry(key, &self.statuses)?,
                Item::Errors => map.serialize_entry(key, &self.errors)?,
                Item::Latency => map.serialize_entry(key, &self.latency_us)?,
                Item::Timer(timer) if timer.info().optional && self[timer].is_none() => {}
                Item::Timer(timer) => map.serialize_entry(key, &self[timer])?,
                Item::Hdr => map.serialize_entry(key, &self.hdr)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Stats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Its entries are keys of the task or step itself.
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Stats;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what was measured")
    }

    /// Passes keys over that are not known; counters and times that a file lacks are none.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Stats, A::Error> {
        let (mut counts, mut times) = (Counters::default(), Timers::default());
        let mut statuses = BTreeMap::new();
        let (mut count, mut errors) = (None, None);
        let (mut rate_per_s, mut requests_per_s) = (None, None);
        let (mut latency_us, mut hdr) = (None, None);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match Item::all().find(|item| item.key() == key) {
                Some(Item::Counter(counter)) => counts[counter] = map.next_value()?,
                Some(Item::Count) => count = Some(map.next_value()?),
                Some(Item::Rate) => rate_per_s = Some(map.next_value()?),
                Some(Item::Requests) => requests_per_s = Some(map.next_value()?),
                Some(Item::Statuses) => statuses = map.next_value()?,
                Some(Item::Errors) => errors = Some(map.next_value()?),
                Some(Item::Latency) => latency_us = map.next_value()?,
                Some(Item::Timer(timer)) => times[timer] = map.next_value()?,
                Some(Item::Hdr) => hdr = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let missing = |item: Item| A::Error::missing_field(item.key());
        let rate_per_s = rate_per_s.ok_or_else(|| missing(Item::Rate))?;
        Ok(Stats {
            counts,
            count: count.ok_or_else(|| missing(Item::Count))?,
            rate_per_s,
            // Files from before it was there have one rate.
            requests_per_s: requests_per_s.unwrap_or(rate_per_s),
            statuses,
            errors: errors.ok_or_else(|| missing(Item::Errors))?,
            latency_us,
            times,
            hdr: hdr.ok_or_else(|| missing(Item::Hdr))?,
        })
    }
}

impl JsonSchema for Stats {
    fn schema_name() -> Cow<'static, str> {
        "Stats".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = serde_json::Map::new();
        let mut required = Vec::new();
        for item in Item::all() {
            let mut schema = item.schema(generator);
            schema.insert("description".to_owned(), item.meaning().into());
            properties.insert(item.key().to_owned(), schema.into());
            if !matches!(
                item,
                Item::Latency | Item::Timer(_) | Item::Requests | Item::Statuses
            ) {
                required.push(item.key());
            }
        }
        json_schema!({
            "description": "Measurements of a step, task or group, or of everything.",
            "type": "object",
            "properties": properties,
            "required": required,
        })
    }
}
