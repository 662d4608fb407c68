//! Steps, of whatever kind.

use super::{CustomStep, HttpStep, SqlStep, Think, describe::Describe, http::Sampling};
use loadgen_scenario::step_kinds;
use std::time::Duration;

/// One request or statement.
#[derive(Debug)]
pub struct Step {
    /// Place in [`crate::Plan::steps`].
    pub index: usize,
    /// Pause before the step; the step's intended start is its end.
    pub think: Think,
    /// Variables of scope `step` that it uses, in the order they are drawn.
    pub draws: Vec<usize>,
    /// Its kind, with what it sends.
    pub kind: StepKind,
}

/// Common interface of all kinds of steps, for code that does not drive them.
pub trait StepPlan: Describe {
    /// Bound on the step.
    fn timeout(&self) -> Duration;

    /// Index of the database whose transactions it takes part in.
    fn database(&self) -> Option<usize> {
        None
    }

    /// Makes it carry trace context, if it can.
    fn carry_trace(&mut self, _sampling: Sampling) {}
}

macro_rules! define {
    ($($(#[$doc:meta])* $module:ident: $name:ident($plan:ident),)*) => {
        /// Kind of a step, with what the step sends.
        #[derive(Debug)]
        pub enum StepKind {
            $($(#[$doc])* $name($plan),)*
        }

        impl StepKind {
            /// Returns the name in the result file.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($module),)*
                }
            }

            /// The common interface of all kinds.
            pub fn plan(&self) -> &dyn StepPlan {
                match self {
                    $(Self::$name(plan) => plan,)*
                }
            }

            /// The common interface of all kinds, mutable.
            pub fn plan_mut(&mut self) -> &mut dyn StepPlan {
                match self {
                    $(Self::$name(plan) => plan,)*
                }
            }

            $($(#[$doc])*
            pub fn $module(&self) -> Option<&$plan> {
                match self {
                    Self::$name(plan) => Some(plan),
                    _ => None,
                }
            })*
        }

        $(impl From<$plan> for StepKind {
            fn from(plan: $plan) -> Self {
                Self::$name(plan)
            }
        })*
    };
}
step_kinds!(define);
