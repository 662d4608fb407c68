//! The text format that a Prometheus scrapes (version 0.0.4).

use super::family::{Family, MetricType};
use std::fmt::Write;

/// Returns all metrics as one page.
pub(super) fn page(families: &[Family]) -> String {
    let mut page = String::new();
    for family in families.iter().filter(|family| !family.series.is_empty()) {
        let kind = match family.kind {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Summary => "summary",
        };
        let name = &family.name;
        // Writing into a String cannot fail, here and below.
        let _ = write!(
            page,
            "# HELP {name} {}\n# TYPE {name} {kind}\n",
            family.help
        );
        for (name, labels, value) in family.samples() {
            page.push_str(&name);
            let mut opening = '{';
            for (label, text) in &labels {
                let _ = write!(page, "{opening}{label}=\"{}\"", escaped(text));
                opening = ',';
            }
            let end = if labels.is_empty() { "" } else { "}" };
            let _ = writeln!(page, "{end} {value}");
        }
    }
    page
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
