//! Makes the result of a run from its journal.

use super::{End, Header, Line, Second};
use crate::{
    BackgroundResults, Event, Program, ResultFile, RunMetadata, build,
    observations::ObservationReader,
};
use loadgen_core::{
    human,
    time::{Nanos, SECOND},
};
use loadgen_gate::{
    Judge, Validity,
    validity::{self, Grounds},
};
use loadgen_plan::threshold::Scope;
use loadgen_record::{Collector, Size, WIRE_VERSION};
use serde::{Deserialize, de::IgnoredAny};

/// Seconds that a run may lack at its end: those of workers that could not be cut off.
const UNWRITTEN: u64 = 60;

/// Exit code for a run that was killed: that of an interrupted one, in the table of exit codes.
const KILLED: u8 = 105;

/// True for the text of a journal, whatever its file is called; None when its first line is not
/// even JSON.
pub fn is_one(text: &str) -> Option<bool> {
    #[derive(Deserialize)]
    struct First {
        names: Option<IgnoredAny>,
        version: Option<IgnoredAny>,
    }
    let first = text.lines().next()?;
    let first: First = serde_json::from_str(first).ok()?;
    Some(first.names.is_some() && first.version.is_some())
}

/// Makes the result of a run from the text of its journal. A last line that is not whole is passed
/// over.
///
/// # Errors
/// In words, when it is no journal, one of another version, or damaged.
pub fn result(text: &str) -> Result<ResultFile, String> {
    let mut lines = text
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'));
    let header = header(lines.next().ok_or("its first line is missing")?)?;
    let mut seconds: Vec<Second<'_>> = Vec::new();
    let mut end = None;
    let mut events: Vec<Event> = Vec::new();
    let mut reader = ObservationReader::of(&header.watch);
    for (number, line) in (2..).zip(lines) {
        match serde_json::from_str(line).map_err(|error| damaged(number, &error))? {
            Line::End(_) if end.is_some() => {
                return Err(format!("line {number} is damaged: the run ended before it"));
            }
            Line::End(last) => end = Some(*last),
            Line::Event(event) => {
                // An event that was under way may have ended since: its last line replaces the
                // first.
                let same = |own: &&mut Event| own.name == event.name && own.t_s == event.t_s;
                match events.iter_mut().find(same) {
                    Some(own) => *own = event.into_owned(),
                    None => events.push(event.into_owned()),
                }
            }
            Line::Observation(record) => reader.take(record),
            Line::Second(second) => {
                let expected = seconds.len() as u64;
                if second.snapshot.second != expected {
                    return Err(format!(
                        "line {number} is damaged: it is not of second {expected}"
                    ));
                }
                seconds.push(*second);
            }
        }
    }
    let background = BackgroundResults {
        events,
        observed: reader.observed(&header.watch),
        limits: reader.limits(&header.watch),
        ..BackgroundResults::default()
    };
    if let Some(end) = &end
        && end.elapsed_ns / SECOND > seconds.len() as u64 + UNWRITTEN
    {
        let (length, written) = (end.elapsed_ns / SECOND, seconds.len());
        return Err(format!(
            "it is damaged: its end is that of a run of {length} seconds, and it has {written}"
        ));
    }
    replay(header, &seconds, background, end)
}

fn header(line: &str) -> Result<Header, String> {
    #[derive(Deserialize)]
    struct Version {
        schema: u32,
    }
    let read = |error| damaged(1, &error);
    let Version { schema } = serde_json::from_str(line).map_err(read)?;
    let whose = match schema.cmp(&WIRE_VERSION) {
        std::cmp::Ordering::Equal => return serde_json::from_str(line).map_err(read),
        std::cmp::Ordering::Less => "an older",
        std::cmp::Ordering::Greater => "a newer",
    };
    Err(format!("it was written by {whose} loadgen: use that one"))
}

fn replay(
    header: Header,
    seconds: &[Second<'_>],
    background: BackgroundResults,
    end: Option<End>,
) -> Result<ResultFile, String> {
    let Header { names, run, .. } = header;
    let size = Size::new(names.steps.len(), names.tasks.len(), names.groups.len());
    if names
        .steps
        .iter()
        .any(|step| step.task_index >= names.tasks.len())
    {
        return Err("a step has no task".to_owned());
    }
    let there = |scope| match scope {
        Scope::Totals => true,
        Scope::Task(task) => task < size.tasks,
        Scope::Group(group) => group < size.groups,
    };
    if !header.thresholds.iter().all(|own| there(own.scope)) {
        return Err("a threshold is on a task that is not there".to_owned());
    }
    let mut judge = Judge::new(&header.thresholds, &names.steps).with_warmup(header.warmup_ns);
    let stopped = end.as_ref().and_then(|end| end.stopped_ns);
    for at in run.load_ends.into_iter().chain(stopped) {
        judge.load_ends(at);
    }
    let mut collector = Collector::new(1, size)
        .with_warmup(header.warmup_ns)
        .with_periods(header.periods);
    for second in seconds {
        second.snapshot.check(size)?;
        for snapshot in collector.absorb(0, second.snapshot.clone().into_owned()) {
            judge.update(&snapshot, collector.totals());
        }
    }
    let end = end.unwrap_or_else(|| {
        let killed = format!(
            "the run was killed, or left at a third interrupt: this is made of the {} that it had \
             written by then, and lacks what came after them, events of the end, and verifications",
            human::plural(seconds.len() as u64, "second")
        );
        End {
            warnings: vec![killed],
            elapsed_ns: seconds.len() as Nanos * SECOND,
            overdue: 0,
            stopped_ns: None,
            periods: None,
            interrupted: true,
            failures: Vec::new(),
            background,
            exit_code: KILLED,
            host: None,
            cpu_seconds: seconds.last().map_or(0.0, |last| last.cpu_seconds),
            max_rss_bytes: seconds.last().map_or(0, |last| last.max_rss_bytes),
        }
    });
    if let Some(periods) = &end.periods {
        collector.periods().clone_from(periods);
    }
    let recording = collector.close(end.elapsed_ns, end.overdue);
    let verdicts = judge.verdicts(&recording.totals);
    let usage = validity::Usage {
        workers: run.workers,
        cpu_seconds: end.cpu_seconds,
        host: end.host,
    };
    let metadata = RunMetadata {
        scenario: run.scenario,
        plan: run.plan,
        id: run.id,
        started_at: run.started_at,
        target: run.target,
        load: run.load,
        interrupted: end.interrupted,
        failures: end.failures,
        background: end.background,
        validity: Validity::of(&Grounds {
            totals: &recording.totals,
            usage,
            max_lag: header.max_lag_ns,
            tasks: &names.tasks,
            thresholds: &header.thresholds,
            verdicts: &verdicts,
        }),
        exit_code: end.exit_code,
        program: Program {
            version: header.version,
            workers: run.workers,
            cpu_seconds: end.cpu_seconds,
            max_rss_bytes: end.max_rss_bytes,
        },
        warnings: end.warnings,
    };
    Ok(build(
        metadata,
        &names,
        &recording,
        &header.thresholds,
        &verdicts,
    ))
}

fn damaged(line: usize, error: &serde_json::Error) -> String {
    format!("line {line} is damaged: {error}")
}
