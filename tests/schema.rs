//! The schema of scenarios, held against files by the tools that editors and pipelines use.

use serde_json::{Map, Value};
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use test_support::{loadgen::Loadgen, tools::tool, truth::TruthServer};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema() -> PathBuf {
    root().join("docs/scenario.schema.json")
}

fn problems(files: &[PathBuf]) -> Vec<Option<String>> {
    problems_with(&schema(), files)
}

/// The TOML files of a folder, and of those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Problem of each file, in their order.
fn problems_with(schema: &Path, files: &[PathBuf]) -> Vec<Option<String>> {
    let mut child = Command::new(tool("python3"))
        .arg(root().join("tests/schema.py"))
        .arg(schema)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = child.stdin.take().unwrap();
    for file in files {
        writeln!(to, "{}", file.display()).unwrap();
    }
    drop(to);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let told: Map<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of = |file: &PathBuf| told[file.to_str().unwrap()].as_str().map(str::to_owned);
    files.iter().map(of).collect()
}

/// The examples of a document, each in a file of its own.
fn examples(document: &str, folder: &TempDir) -> Vec<PathBuf> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let blocks = text.split("```toml\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let written = blocks.enumerate().map(|(index, block)| {
        let name = format!("{}-{index}.toml", document.replace('/', "-"));
        let path = folder.path().join(name);
        fs::write(&path, block).unwrap();
        path
    });
    written.collect()
}

#[test]
fn the_command_prints_the_schema_of_the_documentation() {
    let printed = Loadgen::new(&["schema"]).run().expect_code(0).stdout;
    assert_eq!(printed, fs::read_to_string(schema()).unwrap());
}

#[test]
fn what_is_shipped_and_what_is_documented_fits() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = files(&root().join("scenarios"));
    assert!(all.len() > 25);
    for document in [
        "README.md",
        "docs/extending.md",
        "docs/how-to/tracing.md",
        "docs/scenario-reference.md",
        "docs/sql.md",
        "docs/background.md",
    ] {
        let examples = examples(document, &folder);
        assert!(!examples.is_empty(), "{document}");
        all.extend(examples);
    }
    for (file, problem) in all.iter().zip(problems(&all)) {
        assert_eq!(problem, None, "{}", file.display());
    }
}

/// Words of readers about a wrong form.
const FORMS: [&str; 8] = [
    "unknown key `",
    "expected text",
    "expected a whole number",
    "expected a duration",
    "expected true or false",
    "expected a list",
    "expected a table",
    "expected a status",
];

/// A key that there is not and a value of another type are seen without loadgen.
#[test]
fn what_has_the_wrong_form_does_not_fit() {
    let bad = files(&root().join("tests/scenarios/bad"));
    let mut seen = BTreeSet::new();
    for (file, problem) in bad.iter().zip(problems(&bad)) {
        let told = fs::read_to_string(file.with_extension("snap")).unwrap();
        let wrong = FORMS
            .iter()
            .filter(|form| told.contains(&format!("error: {form}")));
        for form in wrong {
            assert!(problem.is_some(), "{}: {form}", file.display());
            seen.insert(*form);
        }
    }
    assert_eq!(seen.len(), FORMS.len(), "{seen:?}");
}

/// A phase that ran, one that could not begin and one that was left out.
#[test]
fn the_result_of_a_suite_is_as_its_schema_says() {
    let server = TruthServer::steady(Duration::from_millis(1));
    let phase = |name: &str, url: &str| {
        let set = format!("{{ target = {{ url = '{url}' }} }}");
        format!("[[phase]]\nname = '{name}'\nscenario = 'get.toml'\nset = {set}\n")
    };
    let (there, gone) = (server.url(), "http://127.0.0.1:1");
    let suite = [
        phase("ran", &there),
        phase("not started", gone),
        phase("left out", &there),
    ];
    let finished = Loadgen::new(&["run", "suite.toml", "--dashboard", "off"])
        .args(&["--json", "result.json"])
        .file("suite.toml", &suite.concat())
        .file(
            "get.toml",
            "[load]\nusers = 1\niterations = 2\n\
             [[task]]\nname = 't'\nstep = [{ get = '/work' }]\n",
        )
        .run()
        .expect_code(97);
    let states = finished.result()["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| phase["state"].as_str().unwrap().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(states, ["ran", "not_started", "not_run"]);
    let schema = root().join("docs/suite.schema.json");
    let file = finished.path("result.json");
    assert_eq!(problems_with(&schema, &[file]), [None]);
    let other = finished.path("get.toml");
    assert_ne!(problems_with(&schema, &[other]), [None]);
}

/// taplo is what Even Better TOML and other editors' plugins check with.
#[test]
fn editors_find_the_schema_that_a_file_names() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema();
    let check = |text: &str| {
        let file = folder.path().join("scenario.toml");
        let text = format!("#:schema {}\n{text}", schema.display());
        fs::write(&file, text).unwrap();
        let output = Command::new(tool("taplo"))
            .args(["lint", "--no-auto-config", "--colors", "never"])
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    };
    let good = "[load]\nusers = 5\nduration = '1m'\n[[task]]\nname = 't'\nstep = [{ get = '/' }]\n";
    assert!(check(good).0, "{}", check(good).1);
    let (fits, said) = check(&good.replace("users", "user"));
    assert!(!fits && said.contains("'user' was unexpected"), "{said}");
    let suite = "[[phase]]\nscenario = 'a.toml'\n";
    assert!(check(suite).0, "{}", check(suite).1);
    assert!(!check(&format!("[load]\nusers = 5\n{suite}")).0);
}
