//! libFuzzer with the target that `FUZZ_TARGET` names: one program, as linking takes longer than the rest.
#![no_main]
#![allow(unsafe_code, reason = "libFuzzer calls it")]

use libfuzzer_sys::fuzz_target;
use loadgen_fuzz::TARGETS;
use std::{env, sync::LazyLock};

static CHECK: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = env::var("FUZZ_TARGET").unwrap_or_default();
    let target = TARGETS.iter().find(|(own, _)| *own == name);
    // scripts/fuzz takes its names from the folders of the seeds.
    target.unwrap_or_else(|| panic!("no target {name:?}")).1
});

fuzz_target!(|input: &[u8]| CHECK(input));
