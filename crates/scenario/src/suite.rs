//! Suites: files that name scenarios to be run one after the other against one target.
//!
//! Changes of a suite to a scenario are put over the scenario's own values before they are read,
//! so that they may be anything, and a mistake in one is told where it stands.

use super::{
    Inputs, Problem, Report, Scenario, SourceText, apply_flags, flags,
    form::Form,
    raw::suite::{self as raw, OWN_KEYS},
    read, reader, set, sha256, table,
    text::Outside,
    text_of,
    tree::{Entry, Node, NodeKind, Table},
    variable,
};
use crate::Span;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use toml::de::DeTable;

/// A suite that was read, but not checked.
#[derive(Debug)]
pub struct Suite {
    /// Path of the file.
    pub path: PathBuf,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Its contents.
    pub raw: raw::Suite,
    /// Problems found while reading.
    pub problems: Vec<Problem>,
    /// The texts that places point into. The first stands for the scenario of a phase, of which
    /// there are several; the suite's own file is the second, and flags come after it.
    pub sources: Arc<[SourceText]>,
    /// The scenarios of the phases that could be read, by the places of these; why one is not
    /// TOML. None: told as a problem.
    pub scenarios: Vec<Option<Result<Scenario, Report>>>,
}

/// Index of the suite's own file among its sources.
const OWN: usize = 1;

/// Returns true if a text is a suite rather than a scenario.
pub(super) fn is_suite(text: &str) -> bool {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut keys = table.get_ref().keys();
    keys.any(|key| OWN_KEYS.contains(&key.get_ref().as_ref()))
}

/// Reads the suite `text`, which is called `path`, and the scenarios that it names.
pub(super) fn parse(path: &Path, text: String, inputs: &Inputs<'_>) -> Result<Suite, Report> {
    let name = path.display().to_string();
    let any = SourceText {
        name: name.clone(),
        text: String::new(),
    };
    let own = [any, SourceText { name, text }];
    let sources: Arc<[SourceText]> = own.into_iter().chain(flags(inputs)).collect();
    let text = sources[OWN].text.as_str();
    let folder = path.parent().unwrap_or(Path::new(""));
    let outside = Outside {
        variable: &|name: &str| variable(inputs, name),
        file: &|name: &str| text_of(inputs, folder, name),
    };
    let mut problems = Vec::new();
    let mut root = table(text, OWN, outside, &mut problems)
        .map_err(|problems| Report::new(sources.clone(), problems))?;
    apply_flags(&mut root, OWN + 1, inputs, outside, &mut problems);
    let root = Node {
        span: Span::new(OWN, 0..0),
        kind: NodeKind::Table(root),
    };
    let reader = reader::Reader::new(sources.clone(), problems);
    let raw = raw::Suite::read(&reader, &root).unwrap_or_default();
    let phases = raw.phases.value().map_or(&[][..], Vec::as_slice);
    let scenarios = phases
        .iter()
        .map(|phase| scenario(&reader, path, &raw, phase, &sources[OWN..], inputs))
        .collect();
    Ok(Suite {
        path: path.to_owned(),
        sha256: sha256(text),
        problems: reader.into_problems(),
        raw,
        scenarios,
        sources,
    })
}

/// The scenario of a phase, as the suite has it.
fn scenario(
    reader: &reader::Reader,
    path: &Path,
    suite: &raw::Suite,
    phase: &raw::Phase,
    others: &[SourceText],
    inputs: &Inputs<'_>,
) -> Option<Result<Scenario, Report>> {
    let named = phase.scenario.given()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let path = folder.join(named.value.value());
    let unreadable = |why: String| {
        let shown = folder.join(named.value.written());
        let message = format!("cannot read the scenario {}: {why}", shown.display());
        reader.problem(Problem::new(named.span, message));
    };
    let bytes = (inputs.files)(&path);
    let text = bytes.map_err(|error| error.to_string()).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned())
    });
    let text = text.map_err(unreadable).ok()?;
    if is_suite(&text) {
        let problem = Problem::new(named.span, "a suite in a suite");
        reader.problem(problem.help("name its scenarios instead"));
        return None;
    }
    let over = |root: &mut Table, _: Outside<'_>, problems: &mut Vec<Problem>| {
        if let Some(target) = &suite.target {
            let value = target.value.clone();
            set::apply_node(root, &target.key, target.span, value, problems);
        }
        for Entry { key, span, value } in phase.set.value().into_iter().flatten() {
            set::apply_node(root, key, *span, value.clone(), problems);
        }
        for (key, items) in suite.added().chain(phase.added()) {
            append(root, key, items);
        }
    };
    Some(read(&path, text, inputs, others, over))
}

/// Adds items to a list of the scenario, which may not be there.
fn append(root: &mut Table, key: &str, items: &[Node]) {
    let Some(first) = items.first() else {
        return;
    };
    let span = first.span;
    match root.entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => {
            // Anything but a list is reported where the scenario is read.
            if let NodeKind::Array(own) = &mut entry.value.kind {
                own.extend_from_slice(items);
            }
        }
        None => root.entries.push(Entry {
            key: key.to_owned(),
            span,
            value: Node {
                span,
                kind: NodeKind::Array(items.to_vec()),
            },
        }),
    }
}
