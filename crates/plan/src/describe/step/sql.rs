//! Statements.

use super::Describe;
use crate::{Plan, SqlStep};
use serde_json::{Value as Json, json};

impl Describe for SqlStep {
    fn words(&self, plan: &Plan) -> (String, Vec<String>) {
        let words: Vec<&str> = self.written.text.split_whitespace().collect();
        let params = self.written.params.iter().zip(1u64..);
        let mut below: Vec<String> = params
            .map(|(param, number)| format!("${number} = {param}"))
            .collect();
        if let (Some(database), true) =
            (plan.databases.get(self.database), plan.databases.len() > 1)
        {
            below.push(format!("on {}", database.name));
        }
        (words.join(" "), below)
    }

    fn conditions(&self, checks: &[String]) -> Vec<String> {
        let mut parts = Vec::new();
        if !checks.is_empty() {
            parts.push(format!("expects {}", checks.join(" and ")));
        }
        let tries = self.action.statement().map_or(1, |s| s.max_tries.get());
        if tries > 1 {
            parts.push(format!("up to {tries} tries"));
        }
        parts
    }

    fn json(&self, plan: &Plan, checks: &[String]) -> Json {
        let tries = self.action.statement().map(|statement| statement.max_tries);
        json!({
            "database": plan.databases.get(self.database).map(|database| &database.name),
            "sql": self.written.text,
            "params": self.written.params,
            "expect": { "checks": checks },
            "max_tries": tries,
        })
    }
}
