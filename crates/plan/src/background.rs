//! Plan of everything that runs in the background of the load.

use super::{Event, HttpStep, Observe, Verify, observe::Limit, verify::Question};
use loadgen_data::{generator::Take, jsonpath::JsonPath};
use url::Url;

/// Background work of a run.
#[derive(Debug, Default)]
pub struct Background {
    /// The requests that the others make.
    pub calls: Vec<Call>,
    /// Values to load before anything else.
    pub loaded: Vec<Loaded>,
    /// Events during the run.
    pub events: Vec<Event>,
    /// Sources to poll during the run.
    pub observe: Vec<Observe>,
    /// Thresholds on what is observed.
    pub limits: Vec<Limit>,
    /// Verifications: asked before the load and after it.
    pub verify: Vec<Verify>,
}

/// Values of `[data]` that come from the target or a database.
#[derive(Debug)]
pub struct Loaded {
    /// The variable's name.
    pub name: String,
    /// Request or statement, as it may be shown.
    pub written: String,
    /// Request or statement. A page is extracted as a whole.
    pub question: Question,
    /// JSONPath of the values in a page.
    pub path: JsonPath,
    /// The columns that are kept, each as a variable of its own; none: the values themselves.
    pub columns: Vec<String>,
    /// Order in which they are taken.
    pub take: Take,
    /// Key that the order depends on.
    pub key: u64,
    /// The populations that draw them, each with the index of the first of the variables.
    pub fills: Vec<(usize, usize)>,
}

/// A request beside the load. It fills no holes, and what it extracts are the only values.
#[derive(Debug)]
pub struct Call {
    /// The server that it goes to.
    pub server: CallTarget,
    /// The request to send.
    pub request: HttpStep,
    /// The method with the path, as they may be shown.
    pub name: String,
}

/// Destination of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallTarget {
    /// The target of the population at this index.
    Target(usize),
    /// Another server, with the settings of the population at this index. Scheme, host and port
    /// only.
    Other(usize, Url),
}

impl CallTarget {
    /// The population whose settings hold.
    pub fn population(&self) -> usize {
        match self {
            CallTarget::Target(population) | CallTarget::Other(population, _) => *population,
        }
    }
}
