//! docs/scenario-reference.md holds what it says, and so do the examples of the README.

use super::*;
use crate::Population;
use loadgen_scenario::{form::reference::rows, schema::tables};

const REFERENCE: &str = include_str!("../../../../../docs/scenario-reference.md");
const SQL: &str = include_str!("../../../../../docs/sql.md");
const WORLD: &str = include_str!("../../../../../docs/background.md");
const EXTENDING: &str = include_str!("../../../../../docs/extending.md");
const README: &str = include_str!("../../../../../README.md");

/// The TOML blocks of a document with the lines they begin at.
fn examples(document: &str) -> Vec<(usize, String)> {
    let mut examples = Vec::new();
    let mut current: Option<(usize, String)> = None;
    for (index, line) in document.lines().enumerate() {
        match (&mut current, line) {
            (None, "```toml") => current = Some((index + 2, String::new())),
            (Some(_), "```") => examples.extend(current.take()),
            (Some((_, text)), line) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    examples
}

#[test]
fn every_example_compiles() {
    let (reference, readme) = (examples(REFERENCE), examples(README));
    assert!(reference.len() >= 10 && !readme.is_empty());
    let guides = [examples(SQL), examples(WORLD)].concat();
    for (line, mut text) in reference.into_iter().chain(readme).chain(guides) {
        let table: toml::Table = text.parse().unwrap();
        if table.contains_key("phase") {
            // Its scenarios are those that the project ships.
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
            let files = |path: &Path| std::fs::read(folder.join(path));
            suites::compiled(&text, &files, &settings()).unwrap_or_else(|error| panic!("{error}"));
            continue;
        }
        let single = !table.contains_key("population");
        for (key, missing) in [
            ("target", "[target]\nurl = 'http://127.0.0.1:1'\n"),
            ("load", "[load]\nusers = 1\n"),
            ("task", "[[task]]\nname = 't'\n[[task.step]]\nget = '/'\n"),
        ] {
            if !table.contains_key(key) && (single || key == "target") {
                text.push_str(missing);
            }
        }
        let name = format!("example at line {line}");
        let inputs = Inputs {
            files: &files,
            ..Inputs::none()
        };
        if let Some(report) = problems(Path::new(&name), &text, &inputs) {
            panic!("{report}");
        }
    }
}

#[test]
fn programs_of_their_own_are_shown_by_plans_that_they_can_do() {
    let own = Settings {
        custom: true,
        ..settings()
    };
    let mut plans = examples(EXTENDING);
    assert!(!plans.is_empty());
    let shipped = include_str!("../../../../../examples/redis/sessions.toml");
    plans.push((1, shipped.to_owned()));
    for (_, text) in plans {
        let plan = plan_with(&text, &own);
        let steps = plan.populations.iter().flat_map(Population::steps);
        assert!(steps.into_iter().all(|step| step.kind.name() == "custom"));
        insta::assert_snapshot!(plan.name.clone(), crate::describe::words(&plan));
    }
}

#[test]
fn every_key_is_explained_where_it_belongs_and_no_other() {
    for (title, mut known) in tables() {
        let mut keys: Vec<&str> = rows(&title).iter().map(|row| row.key).collect();
        keys.sort_unstable();
        known.sort_unstable();
        assert_eq!(keys, known, "keys of {title}");
    }
}
