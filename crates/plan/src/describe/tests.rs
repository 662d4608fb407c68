use super::*;
use crate::{Settings, compile, compile_suite};
use loadgen_scenario::{File, Inputs, open};
use std::{fs, path::Path};
use uuid::Uuid;

fn settings() -> Settings {
    Settings::new(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_002a))
}

#[test]
fn shipped_scenarios_are_valid_and_described() {
    let mut names = Vec::new();
    let inputs = Inputs {
        files: &|path| fs::read(path),
        ..Inputs::none()
    };
    let folders = ["scenarios", "scenarios/sql", "scenarios/suites"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = folders.map(|folder| fs::read_dir(root.join(folder)).unwrap());
    for entry in folders.into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let file = open(&path, &inputs).unwrap_or_else(|error| panic!("{error}"));
        let (name, words) = match file {
            File::Scenario(scenario) => {
                let plan = compile(&scenario, &settings());
                let plan = plan.unwrap_or_else(|error| panic!("{error}"));
                (plan.name.clone(), words(&plan))
            }
            File::Suite(read) => {
                let compiled = compile_suite(*read, &settings(), || settings().run_id);
                let compiled = compiled.unwrap_or_else(|error| panic!("{error}"));
                (compiled.name.clone(), suite(&compiled))
            }
        };
        // A suite may be called after what it flows through.
        assert!(name.starts_with(&stem), "the name is the file's: {name}");
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap();
        assert!(
            first.starts_with("# ") && first.ends_with('?'),
            "{stem} asks no question"
        );
        let words = words.replace(&format!("{}/", root.display()), "");
        insta::assert_snapshot!(name.as_str(), words);
        names.push(name);
    }
    names.sort();
    assert_eq!(
        names,
        [
            "db-cpu-stress",
            "hot-spots",
            "metering-suite",
            "normal",
            "oltp-read-write",
            "orders-flow",
            "orders-mix",
            "read-heavy",
            "select-only",
            "spike",
            "tpcb-like",
            "weather-average",
            "write-heavy"
        ]
    );
}
