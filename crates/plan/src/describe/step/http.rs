//! Requests.

use super::{super::phrase::status, Describe};
use crate::{HttpStep, Plan};
use serde_json::{Value as Json, json};
use std::fmt::Write;

impl Describe for HttpStep {
    fn words(&self, _: &Plan) -> (String, Vec<String>) {
        let headers = self.written.headers.iter();
        let mut below: Vec<String> = headers
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let body = self.written.body.iter().flat_map(|body| body.lines());
        below.extend(body.map(str::to_owned));
        (format!("{} {}", self.method, self.written.path), below)
    }

    fn conditions(&self, checks: &[String]) -> Vec<String> {
        let status = if self.expect.status.is_empty() {
            "any status below 400".to_owned()
        } else {
            let statuses: Vec<String> = self.expect.status.iter().map(status).collect();
            statuses.join(" or ")
        };
        let mut expects = format!("expects {status}");
        // The first check is the status, where one is named.
        let of_status = usize::from(!self.expect.status.is_empty());
        for check in checks.iter().skip(of_status) {
            let _ = write!(expects, " and {check}");
        }
        vec![expects]
    }

    fn json(&self, _: &Plan, checks: &[String]) -> Json {
        let body = self.expect.body_contains.iter();
        json!({
            "method": self.method.as_str(),
            "path": self.written.path,
            "headers": self.written.headers,
            "body": self.written.body,
            "expect": {
                "status": self.expect.status.iter().map(status).collect::<Vec<_>>(),
                "body": body.map(|text| &text.written).collect::<Vec<_>>(),
                "checks": checks,
            },
        })
    }
}
