//! Results of a benchmark as a Markdown text.

use crate::{Result, client::Client};
use procfs_core::{CpuInfo, FromRead};
use std::{fmt, fs};

/// A heading, how it was measured, a table, and loadgen's targets.
pub struct Report {
    /// Heading: what was measured.
    pub title: &'static str,
    /// Method, in a sentence or two.
    pub method: String,
    /// Column heads, then a row for each client.
    pub table: Vec<Vec<String>>,
    /// Targets for loadgen.
    pub targets: Vec<Target>,
}

/// A figure of loadgen and its bound.
pub struct Target {
    /// Name of what is measured.
    pub name: &'static str,
    /// As measured.
    pub measured: f64,
    /// Its most.
    pub at_most: f64,
    /// Unit of both.
    pub unit: &'static str,
}

impl Target {
    /// No run may be one that loadgen itself calls invalid.
    pub fn none_invalid(invalid: usize) -> Self {
        Self {
            name: "runs in which the generator was late of its own doing",
            measured: invalid as f64,
            at_most: 0.0,
            unit: "",
        }
    }

    fn reached(&self) -> bool {
        self.measured <= self.at_most
    }
}

impl Report {
    /// True if every target was reached.
    pub fn reached(&self) -> bool {
        self.targets.iter().all(Target::reached)
    }

    /// Writes it to `benches/results/NAME.md`, with the machine and the versions; gives the path.
    pub fn save(&self, name: &str) -> Result<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/results");
        fs::create_dir_all(folder)?;
        let path = format!("{folder}/{name}.md");
        fs::write(&path, format!("{self}\n{}", machine()?))?;
        Ok(path)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}\n\n{}\n", self.title, self.method)?;
        writeln!(f, "{}", Table(&self.table))?;
        for target in &self.targets {
            let Target {
                name,
                measured,
                at_most,
                unit,
            } = target;
            let verdict = if target.reached() {
                "reached"
            } else {
                "MISSED"
            };
            writeln!(
                f,
                "- {name}: {measured:.2}{unit}, at most {at_most:.2}{unit}: {verdict}"
            )?;
        }
        Ok(())
    }
}

/// Column heads, then rows.
pub struct Table<'a>(pub &'a [Vec<String>]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, row) in self.0.iter().enumerate() {
            writeln!(f, "| {} |", row.join(" | "))?;
            if n == 0 {
                writeln!(f, "|{}", "---|".repeat(row.len()))?;
            }
        }
        Ok(())
    }
}

/// The middle value of at least one; of an even number, the mean of the middle two.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0
}

fn machine() -> Result<String> {
    let processors = CpuInfo::from_file("/proc/cpuinfo")?;
    let processor = processors.model_name(0).unwrap_or("unknown");
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or("unknown", |name| name.trim_matches('"'));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut text = format!("{processor}; {system}; Linux {}", kernel.trim());
    for client in [Client::Loadgen, Client::Wrk, Client::Oha, Client::H2load] {
        // Some parts do without it.
        if let Ok(version) = client.version() {
            text += &format!("; {version}");
        }
    }
    Ok(text + "\n")
}
