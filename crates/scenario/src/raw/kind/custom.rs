//! Steps that a program of its own does: `custom`, with a text that it understands.

use super::StepKeys;

pub(super) const KEYS: StepKeys = StepKeys {
    asks: &["custom"],
    words: "a step of a program's own",
    short: "a step of a program's own",
    own: &[],
    expect: &[],
};
