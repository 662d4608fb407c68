//! Reads a scenario or a suite and makes a plan of it. Whatever it holds, it is described or refused in
//! words that a terminal only shows, and of many problems not all are told.

use loadgen::{
    plan::{
        Settings,
        compile::{Error, compile, compile_suite},
        describe,
    },
    scenario::{self, File, Inputs},
};
use std::{io, path::Path};
use uuid::Uuid;

/// Most bytes of what is told of an input: problems are bounded in number, and lines in length.
const MOST: usize = 1 << 20;

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let shown = match plan_of(text) {
        Ok(described) => described,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            assert!(
                problems.len() < MOST,
                "{} bytes of problems",
                problems.len()
            );
            problems
        }
    };
    // The mark before the first line is kept, and seen by nobody.
    let shown = shown.replace("1 | \u{feff}", "1 | ");
    assert!(super::is_printable(&shown), "{shown:?}");
}

/// The plan in words, or the problems.
fn plan_of(text: &str) -> Result<String, String> {
    let inputs = Inputs {
        environment: &|name: &str| name.starts_with('E').then(|| "a value".to_owned()),
        files: &file,
        ..Inputs::none()
    };
    let settings = Settings {
        custom: true,
        ..Settings::new(Uuid::nil())
    };
    let path = Path::new("fuzz.toml");
    let told = |error: Error| error.to_string();
    let read = scenario::parse_any(path, text.to_owned(), &inputs);
    match read.map_err(|report| report.to_string())? {
        File::Scenario(scenario) => {
            let plan = compile(&scenario, &settings).map_err(told)?;
            assert!(describe::json(&plan).is_object());
            Ok(describe::words(&plan))
        }
        File::Suite(suite) => {
            let suite = compile_suite(*suite, &settings, Uuid::nil).map_err(told)?;
            Ok(describe::suite(&suite))
        }
    }
}

/// The files that there are: rows and statements.
fn file(path: &Path) -> io::Result<Vec<u8>> {
    match path.extension().and_then(|it| it.to_str()) {
        Some("csv") => Ok(b"id,name\n1,Ada\n2,\"Grace, H.\"\n".into()),
        Some("sql") => Ok(b"SELECT id\nFROM t WHERE id > $1;\n".into()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}
