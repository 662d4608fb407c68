//! Steps that a program of its own does.

use super::Describe;
use crate::{CustomStep, Plan};
use serde_json::{Value as Json, json};

impl Describe for CustomStep {
    fn words(&self, _: &Plan) -> (String, Vec<String>) {
        let words: Vec<&str> = self.written.split_whitespace().collect();
        (words.join(" "), Vec::new())
    }

    fn conditions(&self, _: &[String]) -> Vec<String> {
        Vec::new()
    }

    fn json(&self, _: &Plan, _: &[String]) -> Json {
        json!({ "custom": self.written })
    }
}
