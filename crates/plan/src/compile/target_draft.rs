//! A checked target that has no place in the plan yet.

use crate::{Target, socket};
use serde_json::Value as Json;

/// A checked target.
#[derive(Debug, Clone)]
pub(super) struct TargetDraft {
    pub target: Target,
    /// Path of the URL, which every step's path comes after; no `/` at its end.
    pub prefix: String,
    /// `authorization` made of the URL's user and password.
    pub authorization: Option<String>,
    /// URLs as they may be shown.
    pub written: Vec<String>,
    /// Settings of a bundled service as they may be shown.
    pub settings: Vec<(&'static str, Json)>,
}

impl TargetDraft {
    /// Returns true if the target is on a Unix socket.
    pub fn has_socket(&self) -> bool {
        match &self.target {
            Target::Urls(urls) => urls.iter().any(|url| socket::path(url).is_some()),
            Target::App(_) | Target::None => false,
        }
    }

    /// Target of a population that makes no requests.
    pub fn none() -> Self {
        Self {
            target: Target::None,
            prefix: String::new(),
            authorization: None,
            written: Vec::new(),
            settings: Vec::new(),
        }
    }
}
