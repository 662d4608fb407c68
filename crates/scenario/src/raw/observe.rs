//! `[[observe]]`: what is looked at during the run.

use super::{Step, http::Pairs};
use crate::{
    Text,
    form::{Here, OneOrMore, table},
};

table! {
    /// A source of measurements.
    pub struct Observe as "[[observe]]" {
        /// Span of the table.
        span: Here,
        /// Its name.
        name: Text,
        /// URL of a page of metrics.
        prometheus: Text,
        /// Metrics to keep.
        metrics: OneOrMore<Text>,
        /// The labels by which series are told apart.
        by: OneOrMore<Text>,
        /// Headers of the request for the page.
        headers: Pairs,
        /// A database whose statistics are polled.
        database: Text,
        /// Observes this machine.
        host: bool,
        /// Name of the population whose target it is.
        population: Text,
    }
}

impl Observe {
    /// The request for the page.
    pub fn page(&self) -> Step {
        Step {
            span: self.span,
            request: self.prometheus.clone().map(|path| ("get", path)),
            headers: self.headers.clone(),
            ..Step::default()
        }
    }
}
