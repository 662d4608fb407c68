//! Scenario's text for everything that is shown and stored of a plan: templates instead of values,
//! `${NAME}` instead of what the environment holds, secrets redacted.

pub use loadgen_scenario::redact::{
    REDACTED, is_secret, redact_body, redact_query, redact_urls, redact_user, unless_secret,
};
use loadgen_scenario::{Secrets, Span};
use serde_json::Value as Json;
use std::{collections::BTreeSet, sync::Arc};

/// The texts of a scenario that a plan no longer has.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// True if the seed was chosen for this run, instead of given.
    pub seed_chosen: bool,
    /// By population.
    pub populations: Vec<Population>,
    /// By index in [`crate::Plan::databases`].
    pub databases: Vec<Database>,
    /// By [`crate::Step::index`].
    pub steps: Vec<Step>,
    /// Values from the environment and from files, hidden in messages that repeat them.
    pub secrets: Arc<Secrets>,
}

impl Written {
    /// Settings of the scenario that have no effect, each once.
    pub fn notes(&self) -> Vec<String> {
        let clients = self.populations.iter().filter_map(|texts| texts.client);
        let clients = clients.collect::<BTreeSet<_>>().into_iter();
        let note = |client| {
            format!(
                "client = \"{client}\" has no effect: there is one HTTP client, which does everything"
            )
        };
        clients.map(note).collect()
    }

    /// The names of the checks of the step at this index of the plan.
    pub fn checks(&self, step: usize) -> &[String] {
        self.steps.get(step).map_or(&[], |step| &step.checks)
    }

    /// The variables that the step at this index of the plan extracts: each name, with where its
    /// value is found.
    pub fn extracts(&self, step: usize) -> &[(String, String)] {
        self.steps.get(step).map_or(&[], |step| &step.extract)
    }
}

/// Texts of a population.
#[derive(Debug, Clone, Default)]
pub struct Population {
    /// The target's URLs; none for a bundled service.
    pub urls: Vec<String>,
    /// Start settings of a bundled service: keys with the scenario's text.
    pub settings: Vec<(&'static str, Json)>,
    /// The file of certificates to trust.
    pub ca: Option<String>,
    /// The `client` that the scenario names, which has no effect.
    pub client: Option<&'static str>,
    /// Hosts with the other ends of their connections.
    pub connect_to: Vec<(String, String)>,
    /// The proxy.
    pub proxy: Option<String>,
    /// The file of the client's certificate.
    pub cert: Option<String>,
    /// Generators of the variables: each a name with its arguments.
    pub generators: Vec<Json>,
}

/// Texts of a database.
#[derive(Debug, Clone, Default)]
pub struct Database {
    /// Its URL, without credentials.
    pub url: String,
    /// The file of certificates to trust.
    pub ca: Option<String>,
    /// Span of the URL.
    pub span: Span,
}

/// Texts of a step, of whatever kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// Checks of the response: a name for each expectation, in the order in which the driver
    /// reports the missed ones.
    pub checks: Vec<String>,
    /// Extractions: a variable's name and the origin of its value.
    pub extract: Vec<(String, String)>,
}

/// Most expectations of one step: the driver tells the missed ones in a word of so many bits.
pub const MOST_CHECKS: usize = 64;

/// The start of a long text.
pub fn cut(text: &str) -> String {
    const MOST: usize = 2000;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("é"), "é");
        let shown = cut(&"é".repeat(3000));
        assert!(shown.ends_with("é… (6000 bytes)"));
    }
}
