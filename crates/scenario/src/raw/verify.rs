//! `[[verify]]`: what is asked after the run.

use super::{
    Step,
    http::Pairs,
    step::{Action, Actions, Method, Params},
};
use crate::{
    Text,
    form::{Here, table},
};
use std::time::Duration;

table! {
    /// A question with what its answer must be.
    pub struct Verify as "[[verify]]" {
        /// Span of the table.
        span: Here,
        /// Its name.
        name: Text,
        /// The request or the statement that asks.
        request: Action<Question>,
        /// Values of the statement's parameters.
        params: Params,
        /// The database that the statement is for.
        database: Text,
        /// Headers of the request.
        headers: Pairs,
        /// JSONPath of the number in a page.
        json: Text,
        /// Name of the population whose target is asked.
        population: Text,
        /// Condition on the number.
        expect: Text,
        /// Longest wait for it to become true.
        within: Duration,
        /// Bound on asking.
        timeout: Duration,
    }
}

/// Actions of a verification.
#[derive(Debug)]
pub enum Question {}

impl Actions for Question {
    const KEYS: &'static [Method] = &["get", "sql"];
    const RULE: &'static str = "a verification asks one thing";
}

impl Verify {
    /// The step that requests the number.
    pub fn step(&self) -> Step {
        Step {
            span: self.span,
            request: self.request.clone(),
            params: self.params.clone(),
            database: self.database.clone(),
            headers: self.headers.clone(),
            timeout: self.timeout.clone(),
            ..Step::default()
        }
    }
}
