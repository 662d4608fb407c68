//! The kinds of steps: the keys of a scenario that ask for each, and those that belong to it.
//!
//! [`step_kinds!`] is the one list of them. Every layer that treats kinds differently has a module of
//! each kind's name, and makes what holds them together from this list: an enum and its dispatch.

mod custom;
mod http;
mod sql;

use super::{Expect, Method, Step};
use crate::diag::Span;

/// Calls a macro with all kinds: the module of each, its name, and the type of its part of a plan.
#[macro_export]
macro_rules! step_kinds {
    ($each:ident) => {
        $each! {
            /// An HTTP request.
            http: Http(HttpStep),
            /// An exchange with a database.
            sql: Sql(SqlStep),
            /// A custom step, which only a program of its own can do.
            custom: Custom(CustomStep),
        }
    };
}

/// The keys by which scenarios speak of a kind of step.
#[derive(Debug)]
pub struct StepKeys {
    /// A step of this kind has one of them.
    pub asks: &'static [Method],
    /// The step in messages: `an HTTP request`.
    pub words: &'static str,
    /// The step in messages, in short: `a request`.
    pub short: &'static str,
    /// Further keys of a step that only this kind has.
    pub own: &'static [OwnKey<Step>],
    /// Keys of `expect` that only this kind has; none: there is nothing to expect.
    pub expect: &'static [OwnKey<Expect>],
}

/// A key as messages call it, and where it stands in a table.
pub type OwnKey<T> = (&'static str, fn(&T) -> Option<Span>);

macro_rules! define {
    ($($(#[$doc:meta])* $module:ident: $name:ident($plan:ident),)*) => {
        /// A kind of step.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum StepKind {
            $($(#[$doc])* $name,)*
        }

        impl StepKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its keys.
            pub fn keys(self) -> &'static StepKeys {
                match self {
                    $(Self::$name => &$module::KEYS,)*
                }
            }
        }

        /// The keys that ask for a step, of all kinds.
        const ASKS: &[&[Method]] = &[$($module::KEYS.asks),*];
    };
}
step_kinds!(define);

/// The keys of which a step has one.
pub(super) const METHODS: &[Method] = &concat::<{ count() }>();

const fn count() -> usize {
    let (mut sum, mut kind) = (0, 0);
    while kind < ASKS.len() {
        sum += ASKS[kind].len();
        kind += 1;
    }
    sum
}

const fn concat<const N: usize>() -> [Method; N] {
    let mut all = [""; N];
    let (mut end, mut kind) = (0, 0);
    while kind < ASKS.len() {
        let mut key = 0;
        while key < ASKS[kind].len() {
            all[end] = ASKS[kind][key];
            (end, key) = (end + 1, key + 1);
        }
        kind += 1;
    }
    all
}

impl Step {
    /// Its kind; None when it asks for nothing, or for several things.
    pub fn kind(&self) -> Option<StepKind> {
        let (asked, _) = self.request.value()?;
        let mut kinds = StepKind::ALL.iter().copied();
        kinds.find(|kind| kind.keys().asks.contains(asked))
    }
}
