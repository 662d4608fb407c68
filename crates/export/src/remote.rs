//! Prometheus remote write 1.0: protobuf, packed by snappy.

use super::family::Family;
use prost::Message;

/// Body of a post.
#[derive(Clone, PartialEq, Message)]
pub(super) struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    pub timeseries: Vec<TimeSeries>,
}

/// One series, its labels in the order of their names.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<Sample>,
}

/// A label; the metric's name is one as well.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Label {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A value at a time.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(double, tag = "1")]
    pub value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}

/// The body for these metrics at `millis`, and how many samples are in it.
///
/// # Errors
/// In words, when there is more than snappy packs.
pub(super) fn body(families: &[Family], millis: i64) -> Result<(Vec<u8>, u64), String> {
    let samples = families.iter().flat_map(Family::samples);
    let timeseries = samples.map(|(name, labels, value)| {
        let label = |name: &str, value: String| Label {
            name: name.to_owned(),
            value,
        };
        let own = labels.into_iter().map(|(name, value)| label(name, value));
        TimeSeries {
            labels: [label("__name__", name)].into_iter().chain(own).collect(),
            samples: vec![Sample {
                value,
                timestamp: millis,
            }],
        }
    });
    let request = WriteRequest {
        timeseries: timeseries.collect(),
    };
    let packed = snap::raw::Encoder::new().compress_vec(&request.encode_to_vec());
    let count = request.timeseries.len() as u64;
    Ok((packed.map_err(|error| error.to_string())?, count))
}
