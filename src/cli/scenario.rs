//! Scenario or suite of `run` and `check`, and the flags that change it.

use super::{Exit, output, program::Own};
use crate::{
    plan::{self, Plan, Settings, Suite, compile, compile_suite, suite::Phase, written::REDACTED},
    report::terminal::TerminalStyle,
    scenario::{self, File, Inputs, Scenario, input, units},
};
use std::{cell::RefCell, path::PathBuf, time::Duration};
use url::Url;
use uuid::Uuid;

/// A scenario, and what a run of it changes.
#[derive(Debug, clap::Args)]
pub struct ScenarioArgs {
    /// The scenario, or a suite of them
    #[arg(value_name = "SCENARIO.toml")]
    path: PathBuf,
    /// Drives the server at this URL instead of the scenario's target
    #[arg(long, value_name = "URL", env = "LOADGEN_TARGET")]
    target: Option<String>,
    /// Users at the peak; stages are scaled to it (closed loads)
    #[arg(long, value_name = "N", env = "LOADGEN_USERS")]
    users: Option<u64>,
    /// Arrivals per second at the peak; stages are scaled to it (open loads)
    #[arg(long, value_name = "N", value_parser = units::rate, env = "LOADGEN_RATE")]
    rate: Option<f64>,
    /// Length of the run, such as 20s or 5m; stages are scaled to it
    #[arg(long, value_name = "TIME", value_parser = units::duration, env = "LOADGEN_DURATION")]
    duration: Option<Duration>,
    /// Seed of all random choices; the same seed gives the same tasks and values
    #[arg(long, value_name = "N", env = "LOADGEN_SEED")]
    seed: Option<u64>,
    /// Gives each request a trace of its own (W3C traceparent); of these, this share is sampled
    /// [default: all]
    #[arg(
        long,
        value_name = "SHARE",
        value_parser = units::share,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        env = "LOADGEN_TRACE"
    )]
    trace: Option<f64>,
    /// Start of 1 run in 100 may be late by this before loadgen calls itself late [default: 2ms]
    #[arg(long, value_name = "TIME", value_parser = units::duration, env = "LOADGEN_MAX_LAG")]
    max_lag: Option<Duration>,
    /// Sets a variable for ${KEY} in the scenario
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// Sets a value of the scenario, such as load.users=5 or task.0.weight=2
    #[arg(long, value_name = "PATH=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

impl ScenarioArgs {
    /// The flags that change the scenario, as they would be typed again. What may hold a secret
    /// is left out: values for the environment, values set elsewhere than in the load, and
    /// credentials or a query in the target's URL.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = self.arguments_of(&self.settings(&Own::default()));
        for (path, value) in &self.set {
            let harmless = path.starts_with("load.");
            let value = if harmless { value } else { REDACTED };
            arguments.extend(["--set".to_owned(), format!("{path}={value}")]);
        }
        arguments
    }

    /// The flags with which the scenario of a suite's phase would be run alone.
    pub fn arguments_of_phase(&self, phase: &Phase) -> Vec<String> {
        let mut arguments = self.arguments_of(&phase.settings);
        for path in &phase.changed {
            arguments.extend(["--set".to_owned(), format!("{path}={REDACTED}")]);
        }
        arguments
    }

    fn arguments_of(&self, settings: &Settings) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut push = |name: &str, value: String| {
            arguments.extend([format!("--{name}"), value]);
        };
        if let Some(target) = &settings.target {
            push("target", without_secrets(target));
        }
        if let Some(users) = settings.users {
            push("users", users.to_string());
        }
        if let Some(rate) = settings.rate {
            push("rate", rate.to_string());
        }
        if let Some(duration) = settings.duration {
            push("duration", format!("{}s", duration.as_secs_f64()));
        }
        for (key, _) in &self.env {
            push("env", format!("{key}={REDACTED}"));
        }
        if let Some(share) = settings.trace {
            arguments.push(format!("--trace={share}"));
        }
        if let Some(lag) = settings.max_lag {
            arguments.extend(["--max-lag".to_owned(), format!("{}s", lag.as_secs_f64())]);
        }
        arguments
    }

    fn settings(&self, own: &Own) -> Settings {
        Settings {
            run_id: Uuid::now_v7(),
            target: self.target.clone(),
            users: self.users,
            rate: self.rate,
            duration: self.duration,
            seed: self.seed,
            custom: own.steps,
            trace: self.trace,
            max_lag: self.max_lag,
        }
    }

    /// Reads and compiles the scenario or suite, and gives the files that were read; tells every
    /// problem on standard error.
    pub(super) fn open(&self, own: &Own) -> Result<(Opened, Vec<PathBuf>), Exit> {
        let read = RefCell::new(vec![self.path.clone()]);
        let opened = self.open_noting(own, &read)?;
        let mut files = read.into_inner();
        match &opened {
            Opened::Scenario { plan, .. } => files.extend(plan.files()),
            Opened::Suite { suite, .. } => {
                files.extend(suite.phases.iter().flat_map(|phase| phase.plan.files()));
            }
        }
        Ok((opened, files))
    }

    fn open_noting(&self, own: &Own, files: &RefCell<Vec<PathBuf>>) -> Result<Opened, Exit> {
        let environment = |name: &str| std::env::var(name).ok();
        let inputs = Inputs {
            env: &self.env,
            set: &self.set,
            environment: &environment,
            files: &|path| {
                files.borrow_mut().push(path.to_owned());
                input::read(path)
            },
        };
        let read = match &own.scenario {
            Some((name, text)) if self.path.as_os_str() == *name => {
                let read = scenario::parse_any(&self.path, text.clone(), &inputs);
                read.map_err(scenario::Error::Invalid)
            }
            _ => scenario::open(&self.path, &inputs),
        };
        let file = read.map_err(|error| match error {
            scenario::Error::Invalid(report) => {
                tell(&report);
                Exit::Scenario
            }
            scenario::Error::Unreadable(..) => {
                output::complain(error);
                Exit::Usage
            }
        })?;
        let settings = self.settings(own);
        let opened = match file {
            File::Scenario(scenario) => {
                compile(&scenario, &settings).map(|plan| Opened::Scenario {
                    scenario,
                    plan: Box::new(plan),
                    id: settings.run_id,
                })
            }
            File::Suite(suite) => {
                compile_suite(*suite, &settings, Uuid::now_v7).map(|suite| Opened::Suite {
                    suite,
                    id: settings.run_id,
                })
            }
        };
        opened.map_err(|error| match error {
            plan::compile::Error::Usage(problem) => {
                output::complain(problem);
                Exit::Usage
            }
            plan::compile::Error::Invalid(report) => {
                tell(&report);
                Exit::Scenario
            }
        })
    }
}

/// A file that can be run, with the id that its run will have.
pub enum Opened {
    /// One scenario.
    Scenario {
        scenario: Box<Scenario>,
        plan: Box<Plan>,
        id: Uuid,
    },
    /// Several of them.
    Suite { suite: Suite, id: Uuid },
}

fn without_secrets(target: &str) -> String {
    let Ok(mut url) = Url::parse(target) else {
        return REDACTED.to_owned();
    };
    // Only URLs that have no host at all refuse this.
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return REDACTED.to_owned();
    }
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// Tells what is wrong with a scenario.
pub fn tell(report: &scenario::Report) {
    let text = report.render(TerminalStyle::of_stderr().colour);
    output::tell_styled(&format!("{}\n", text.trim_end()));
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        scenario: ScenarioArgs,
    }

    #[test]
    fn arguments_are_told_without_what_may_be_secret() {
        let line = "loadgen s.toml --target http://me:hunter2@host:81/a?key=hunter2 --users 5 \
                    --duration 90s --trace=10% --max-lag 5ms --env TOKEN=hunter2 --set load.think=2s \
                    --set task.0.step.0.headers.authorization=hunter2 --seed 4";
        let arguments = Line::parse_from(line.split_whitespace())
            .scenario
            .arguments();
        assert_eq!(
            arguments.join(" "),
            "--target http://host:81/a --users 5 --duration 90s --env TOKEN=(redacted) --trace=0.1 \
             --max-lag 0.005s --set load.think=2s --set task.0.step.0.headers.authorization=(redacted)"
        );
    }
}
