//! `[trace]`: whether requests carry trace context.

use crate::form::{Here, Share, table};

table! {
    /// Trace context of requests.
    pub struct Trace as "[trace]" {
        /// Span of the table.
        span: Here,
        /// Share of the requests whose traces are kept by whoever collects them.
        sample: Share,
    }
}
