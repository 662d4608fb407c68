//! Makes plans of a suite.

use super::{Error, MOST_USERS, Settings, check_flags, check_version, compile, names};
use crate::suite::{OnFailure, Phase, Suite};
use loadgen_core::printable;
use loadgen_scenario::{
    self as scenario, Problem, Report, Scenario, Span,
    raw::{Field, suite::Phase as Raw},
};
use std::time::Duration;
use uuid::Uuid;

/// Checks a suite and the scenarios that it names, and resolves them to plans, each with a run id
/// of `ids`. Settings are for all phases: `users`, `rate` and `duration` are what the suite has at
/// its peak and in all, and its phases keep their proportions.
///
/// # Errors
/// With every problem of every file.
pub fn compile_suite(
    suite: scenario::Suite,
    settings: &Settings,
    mut ids: impl FnMut() -> Uuid,
) -> Result<Suite, Error> {
    let mut checked = Checked {
        problems: suite.problems,
        others: Vec::new(),
    };
    check_version(&suite.raw.version, |problem| checked.tell(problem));
    let raw = suite.raw.phases.value().map_or(&[][..], Vec::as_slice);
    if raw.is_empty() && !matches!(suite.raw.phases, Field::Bad(_)) {
        let span = suite.raw.phases.span().unwrap_or(Span::new(1, 0..0));
        let problem = Problem::new(span, "no phases");
        checked.tell(problem.help(r#"write [[phase]] with scenario = "file.toml""#));
    }
    let manner = suite.raw.suite.value();
    let usual = manner.map_or(Duration::ZERO, |manner| {
        value_or(&manner.pause, Duration::ZERO)
    });
    let on_failure = manner.map_or(OnFailure::Stop, |manner| {
        value_or(&manner.on_failure, OnFailure::Stop)
    });
    let mut phases = Vec::new();
    for (index, (raw, scenario)) in raw.iter().zip(suite.scenarios).enumerate() {
        let pause = if index == 0 { Duration::ZERO } else { usual };
        let pause = value_or(&raw.pause, pause);
        let settings = Settings {
            run_id: ids(),
            ..settings.clone()
        };
        let mut phase = checked.phase(raw, scenario, pause, settings)?;
        if let Some(phase) = &mut phase {
            phase
                .changed
                .splice(..0, suite.raw.changed().map(str::to_owned));
        }
        phases.extend(phase);
    }
    checked.names(&phases, raw);
    if !checked.problems.is_empty() || !checked.others.is_empty() {
        let own = Report::new(suite.sources, checked.problems);
        let reports = std::iter::once(own).chain(checked.others);
        return Err(Error::Invalid(Report::merged(reports.collect())));
    }
    scale(&mut phases, settings)?;
    Ok(Suite {
        name: names::file(&suite.raw.name, &suite.path),
        path: suite.path,
        sha256: suite.sha256,
        on_failure,
        phases,
    })
}

/// Problems found so far.
struct Checked {
    /// With the suite's own file.
    problems: Vec<Problem>,
    /// With scenarios.
    others: Vec<Report>,
}

impl Checked {
    fn tell(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A phase as the suite has it. None: told why. An error is a flag that means nothing.
    fn phase(
        &mut self,
        raw: &Raw,
        scenario: Option<Result<Scenario, Report>>,
        pause: Duration,
        mut settings: Settings,
    ) -> Result<Option<Phase>, Error> {
        if raw.scenario.is_absent() {
            let problem = Problem::new(raw.span, "`scenario` is missing");
            self.tell(problem.help(r#"write scenario = "file.toml""#));
        }
        (settings.users, settings.rate) = (None, None);
        settings.duration = self.length(raw);
        let (users, rate) = (self.users(raw), self.rate(raw));
        let scenario = match scenario {
            None => return Ok(None),
            Some(Err(report)) => {
                self.others.push(report);
                return Ok(None);
            }
            Some(Ok(scenario)) => scenario,
        };
        let plan = match compile(&scenario, &settings) {
            Ok(plan) => plan,
            Err(Error::Invalid(report)) => {
                self.others.push(report);
                return Ok(None);
            }
            Err(usage) => return Err(usage),
        };
        if let (Some((_, span)), None) = (users, plan.peak_users()) {
            let problem = Problem::new(span, "this scenario's load is a rate of arrivals");
            self.tell(problem.help("write `rate` in place of `users`"));
        }
        if let (Some((_, span)), None) = (rate, plan.peak_rate()) {
            let problem = Problem::new(span, "this scenario's load is users");
            self.tell(problem.help("write `users` in place of `rate`"));
        }
        if !plan.ends() {
            let problem = Problem::new(raw.span, "this phase never ends");
            self.tell(problem.help("give it a `duration`, or the scenario's [load]"));
        }
        settings.users = users.map(|(users, _)| users);
        settings.rate = rate.map(|(rate, _)| rate);
        Ok(Some(Phase {
            name: match raw.name.value() {
                Some(name) => name.written().to_owned(),
                None => plan.name.clone(),
            },
            pause,
            settings,
            changed: raw.changed().map(str::to_owned).collect(),
            scenario,
            plan,
        }))
    }

    fn length(&mut self, raw: &Raw) -> Option<Duration> {
        let given = raw.duration.given()?;
        if given.value.is_zero() {
            self.tell(Problem::new(
                given.span,
                "a duration must be greater than 0",
            ));
            return None;
        }
        Some(given.value)
    }

    fn users(&mut self, raw: &Raw) -> Option<(u64, Span)> {
        let given = raw.users.given()?;
        match u64::try_from(given.value) {
            Ok(users) if (1..=MOST_USERS).contains(&users) => Some((users, given.span)),
            _ => {
                let message = format!("users: from 1 to {MOST_USERS}");
                self.tell(Problem::new(given.span, message));
                None
            }
        }
    }

    fn rate(&mut self, raw: &Raw) -> Option<(f64, Span)> {
        let given = raw.rate.given()?;
        if given.value == 0.0 {
            self.tell(Problem::new(given.span, "a rate of no arrivals"));
            return None;
        }
        Some((given.value, given.span))
    }

    /// Results know phases by their names.
    fn names(&mut self, phases: &[Phase], raw: &[Raw]) {
        for phase in raw {
            if let Some(name) = phase.name.given()
                && (name.value.written().trim().is_empty()
                    || !name.value.written().chars().all(printable::is_printable))
            {
                let problem = Problem::new(name.span, "not a name");
                self.tell(problem.help("write some text on one line"));
            }
        }
        // After a phase that could not be read the indices do not match, and there is enough to
        // report.
        if phases.len() != raw.len() {
            return;
        }
        for (index, phase) in phases.iter().enumerate() {
            let Some(first) = phases[..index].iter().position(|p| p.name == phase.name) else {
                continue;
            };
            let shown = |raw: &Raw| raw.name.span().unwrap_or(raw.span);
            let message = format!("two phases are called `{}`", phase.name);
            let problem = Problem::new(shown(&raw[index]), message);
            let problem = problem.other(shown(&raw[first]), "the first");
            self.tell(problem.help("give one of them another `name`"));
        }
    }
}

/// Applies the flags that are for the suite as a whole.
fn scale(phases: &mut [Phase], flags: &Settings) -> Result<(), Error> {
    check_flags(flags)?;
    let usage = |message: &str| Err(Error::Usage(message.to_owned()));
    // Settings of each phase.
    for phase in phases.iter_mut() {
        compile_again(phase)?;
    }
    if let Some(users) = flags.users {
        let peaks = phases.iter().filter_map(|phase| phase.plan.peak_users());
        let Some(peak) = peaks.reduce(f64::max).filter(|peak| *peak > 0.0) else {
            return usage("--users: no phase of this suite has users; use --rate");
        };
        for phase in phases.iter_mut() {
            let own = phase.plan.peak_users();
            let scaled = own.map(|own| (own * users as f64 / peak).round().max(1.0) as u64);
            phase.settings.users = scaled;
        }
    }
    if let Some(rate) = flags.rate {
        let peaks = phases.iter().filter_map(|phase| phase.plan.peak_rate());
        let Some(peak) = peaks.reduce(f64::max).filter(|peak| *peak > 0.0) else {
            return usage("--rate: no phase of this suite has a rate; use --users");
        };
        for phase in phases.iter_mut() {
            phase.settings.rate = phase.plan.peak_rate().map(|own| own * rate / peak);
        }
    }
    if let Some(length) = flags.duration {
        let own = |phase: &Phase| phase.plan.length().unwrap_or_default();
        let total: Duration = phases.iter().map(|phase| phase.pause + own(phase)).sum();
        if total.is_zero() {
            return usage("--duration: no phase of this suite has a length");
        }
        let factor = length.as_secs_f64() / total.as_secs_f64();
        for phase in phases.iter_mut() {
            phase.pause = phase.pause.mul_f64(factor);
            let scaled = phase.plan.length().map(|own| own.mul_f64(factor));
            phase.settings.duration = scaled.filter(|length| !length.is_zero());
        }
    }
    for phase in phases {
        compile_again(phase)?;
    }
    Ok(())
}

fn compile_again(phase: &mut Phase) -> Result<(), Error> {
    phase.plan = compile(&phase.scenario, &phase.settings)?;
    Ok(())
}

fn value_or<T: Copy>(field: &Field<T>, default: T) -> T {
    field.value().copied().unwrap_or(default)
}
