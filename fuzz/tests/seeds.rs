//! Every seed, without a fuzzer.

use loadgen::report;
use loadgen_fuzz::TARGETS;
use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn every_seed_is_survived() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let folders = fs::read_dir(&seeds).unwrap();
    let folders: BTreeSet<_> = folders.map(|folder| folder.unwrap().file_name()).collect();
    let names = TARGETS.iter().map(|(name, _)| (*name).into()).collect();
    assert_eq!(folders, names, "a folder of seeds for each target");
    for (name, check) in TARGETS {
        for seed in fs::read_dir(seeds.join(name)).unwrap() {
            let path = seed.unwrap().path();
            println!("{}", path.display());
            check(&fs::read(path).unwrap());
        }
    }
}

/// Seeds of an earlier version of the form would be refused at once, and try nothing.
#[test]
fn the_forms_of_seeds_are_those_of_today() {
    let seed = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(name);
        fs::read_to_string(path).unwrap()
    };
    let written = report::journal::result(&seed("journal/whole")).unwrap();
    let saved = report::json::parse(&seed("result/run")).unwrap();
    assert_eq!(written.totals.count, saved.totals.count);
    let killed = report::journal::result(&seed("journal/killed")).unwrap();
    assert!(killed.run.interrupted);
}
