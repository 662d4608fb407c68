//! Reads what was saved of a run, its result or its journal, and writes all forms of it: refused in
//! words, or shown without anything that a terminal would obey.

use loadgen::report::{
    ResultFile, csv, hdr, html, journal,
    json::{self, Saved},
    junit, markdown,
    terminal::{self, TerminalStyle},
};

const STYLE: TerminalStyle = TerminalStyle {
    colour: false,
    unicode: true,
    width: 80,
};

pub fn check_result(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    match json::read(text) {
        Ok(Saved::Run(result)) => write(&result),
        Ok(Saved::Suite(suite)) => {
            shown(&terminal::suite_summary(&suite, &STYLE));
            let _ = (markdown::suite(&suite), junit::suite(&suite));
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
}

pub fn check_journal(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let _ = journal::is_one(text);
    match journal::result(text) {
        Ok(result) => {
            write(&result);
            // It is a result like any other.
            json::parse(&json::text(&result)).expect("what is written can be read");
        }
        Err(refused) => assert!(!refused.is_empty()),
    }
}

/// Writes every form. Those of histograms may be refused, which a result holds as text.
fn write(result: &ResultFile) {
    shown(&terminal::summary(result, &STYLE));
    let _ = (json::text(result), markdown::text(result));
    let _ = (csv::text(result), junit::text(result), html::text(result));
    let _ = (hdr::percentiles(result), hdr::interval_log(result));
}

fn shown(text: &str) {
    assert!(super::is_printable(text), "{text:?}");
}
