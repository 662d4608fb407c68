//! Measurements: histograms and counters per step and task, kept by each worker and merged once a
//! second into one stream that everything else reads.

mod batch;
pub mod collect;
mod compact;
pub mod counts;
pub mod hist;
pub mod measures;
mod missed;
mod pack;
pub mod period;
pub mod presence;
pub mod punctual;
pub mod recorder;
pub mod series;
pub mod snapshot;
mod sparse;
mod start;
mod step_entries;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod timeline;
pub mod traces;
mod varint;
pub mod view;

pub use collect::{Collector, Recording};
pub use compact::Compact;
pub use counts::{Count, Counts};
pub use hist::Hist;
pub use measures::{Measures, Sample};
pub use period::Periods;
pub use presence::UserTime;
pub use punctual::Punctual;
pub use recorder::{Recorder, Sink};
pub use series::Series;
pub use snapshot::{Parts, RunTotals, Size, Snapshot, WIRE_VERSION};
pub use start::Start;
pub use step_entries::{StepEntries, StepEntry};
pub use timeline::Timeline;
pub use traces::{Ending, Span, Traced, Traces};
pub use view::View;
