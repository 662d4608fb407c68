//! Whole scenarios in, plans or problems out.

mod background;
mod bad;
mod drawn;
mod flags;
mod fuzz;
mod groups;
mod lifecycle;
mod loaded;
mod reference;
mod requests;
mod secrets;
mod shapes;
mod sql;
mod suites;
mod warmup;

use super::*;
use crate::{HttpStep, Load, StepKind};
use loadgen_data::Value;
use loadgen_scenario::{Inputs, parse};
use std::{path::Path, sync::Arc};

/// Version 7, with known random bits.
fn run_id() -> Uuid {
    Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_002a)
}

fn settings() -> Settings {
    Settings::new(run_id())
}

fn environment(name: &str) -> Option<String> {
    match name {
        "USERS" | "TOKEN" | "PASSWORD" => Some("hunter2".to_owned()),
        "SECRET_WITH_LINE_BREAK" => Some("hunter2\n".to_owned()),
        "HOST" => Some("hunter2.example".to_owned()),
        "COUNT" => Some(" 7 ".to_owned()),
        _ => None,
    }
}

fn files(path: &Path) -> std::io::Result<Vec<u8>> {
    let text = match path.file_name().and_then(|name| name.to_str()) {
        Some("customers.csv") => "id,name,zip\n1,Ada,007\n2,\"Grace, H.\",010\n3,Edith,100\n",
        Some("one.csv") => "\u{feff}code\n1.50\n2\n",
        Some("switch.csv") => "on\ntrue\nfalse\n",
        Some("twice.csv") => "id,name,id\n1,a,2\n",
        Some("nameless.csv") => "id,,name\n1,a,2\n",
        Some("utf16.csv") => return Ok(b"\xff\xfei\0d\0\n\0".into()),
        Some("empty.csv") => "id,name\n",
        Some("ragged.csv") => "id,name\n1\n",
        Some("unnamed.csv") => "full name,e mail\na,b\n",
        Some("latin1.sql") => return Ok(b"SELECT '\xe9'".into()),
        Some("open.sql") => "-- What is open?\nSELECT *\nFROM t WHERE a = 'open\n",
        Some("top.sql") => "-- The best.\nSELECT id, name\nFROM top\nWHERE id > $1;\n",
        _ => return Err(std::io::ErrorKind::NotFound.into()),
    };
    Ok(text.into())
}

fn inputs() -> Inputs<'static> {
    Inputs {
        environment: &environment,
        files: &files,
        ..Inputs::none()
    }
}

fn read(text: &str) -> Scenario {
    let path = Path::new("dir/test.toml");
    parse(path, text.to_owned(), &inputs()).unwrap_or_else(|report| panic!("{report}"))
}

fn plan_with(text: &str, settings: &Settings) -> Plan {
    compile(&read(text), settings).unwrap_or_else(|error| panic!("{error}"))
}

fn plan(text: &str) -> Plan {
    plan_with(text, &settings())
}

/// A target and a task, so that `text` need only be what a test is about.
fn with_task(text: &str) -> String {
    format!(
        "{text}\n[target]\nurl = 'http://127.0.0.1:1'\n[[task]]\nname = 't'\n[[task.step]]\nget = '/'\n"
    )
}

/// A step of a closed load with the variables `n` (first) and `text`.
fn step(step: &str) -> HttpStep {
    let text = format!(
        "[target]\nurl = 'http://127.0.0.1:1'\n[load]\nusers = 1\n\
         [data]\nn.uniform = {{ from = 1, to = 2 }}\ntext.weighted = {{ x = 1 }}\n\
         [[task]]\nname = 't'\n[[task.step]]\n{step}\n"
    );
    only_step(plan(&text))
}

fn only_step(mut plan: Plan) -> HttpStep {
    let mut population = plan.populations.remove(0);
    match population.tasks.remove(0).steps.remove(0).kind {
        StepKind::Http(step) => step,
        other => panic!("{other:?}"),
    }
}

fn as_http(step: &crate::Step) -> &HttpStep {
    match &step.kind {
        StepKind::Http(http) => http,
        other => panic!("{other:?}"),
    }
}

fn values() -> [Value; 2] {
    [Value::Int(7), Value::Text(Arc::from("a b/\"&"))]
}

fn rendered(template: &loadgen_data::Template) -> String {
    let mut out = Vec::new();
    template.render(&values(), &mut out);
    String::from_utf8(out).unwrap()
}

/// Everything that is wrong with `text`, rendered; None when nothing is.
fn problems(path: &Path, text: &str, inputs: &Inputs<'_>) -> Option<Report> {
    match parse(path, text.to_owned(), inputs) {
        Err(report) => Some(report),
        Ok(scenario) => match compile(&scenario, &settings()) {
            Err(Error::Invalid(report)) => Some(report),
            Err(Error::Usage(message)) => panic!("{message}"),
            Ok(_) => None,
        },
    }
}

fn segments(load: &Load) -> Vec<(f64, f64, f64, f64)> {
    let curve = match load {
        Load::Closed(closed) => &closed.users,
        Load::Open(open) => &open.rate,
    };
    let seconds = |nanos: u64| match nanos {
        u64::MAX => f64::INFINITY,
        nanos => nanos as f64 / 1e9,
    };
    let shown = |s: &crate::curve::Segment| (seconds(s.start), seconds(s.end), s.from, s.to);
    curve.segments().iter().map(shown).collect()
}
