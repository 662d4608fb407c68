//! Databases and statements of a run, made once before it for the drivers of all workers.

use super::{compiled::Compiled, pool::Shared, target::Target};

/// Databases to connect to and statements as they are sent. [`super::prepare_all`] makes it.
#[derive(Debug)]
pub struct Setup {
    pub(super) targets: Vec<Target>,
    /// By database; None: each session has a connection of its own.
    pub(super) pools: Vec<Option<Shared>>,
    /// By [`loadgen_plan::Step::index`].
    pub(super) statements: Vec<Option<Compiled>>,
}

impl Setup {
    /// Returns true if the statement of step `index` is one of a user start that sets something for
    /// the user's session.
    pub(super) fn sets_session(&self, index: usize) -> bool {
        let compiled = self.statements.get(index);
        compiled.is_some_and(|it| it.as_ref().is_some_and(|it| it.sets_session))
    }
}
