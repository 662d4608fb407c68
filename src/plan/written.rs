//! How the scenario put what is shown and stored of a plan: templates instead of values, `${NAME}`
//! instead of what the environment holds, secrets redacted.

use crate::scenario::Place;
use serde_json::Value as Json;

/// What stands for a secret.
pub const REDACTED: &str = "(redacted)";

/// The texts of a scenario that a plan no longer has.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Whether the seed was chosen for this run, instead of given.
    pub seed_chosen: bool,
    /// By population.
    pub populations: Vec<Population>,
    /// By place in [`crate::plan::Plan::databases`].
    pub databases: Vec<Database>,
    /// By [`crate::plan::Step::index`].
    pub steps: Vec<Step>,
}

impl Written {
    /// The names of the checks of the step at this place of the plan.
    pub fn checks(&self, step: usize) -> &[String] {
        self.steps.get(step).map_or(&[], |step| &step.checks)
    }

    /// The variables that the step at this place of the plan extracts: each name, with where its
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
    /// How a bundled service is started: keys with what was written for them.
    pub settings: Vec<(&'static str, Json)>,
    /// The file of certificates to trust.
    pub ca: Option<String>,
    /// The proxy.
    pub proxy: Option<String>,
    /// The file of the client's certificate.
    pub cert: Option<String>,
    /// What draws each variable: a generator's name with its arguments.
    pub generators: Vec<Json>,
}

/// Texts of a database.
#[derive(Debug, Clone, Default)]
pub struct Database {
    /// Its URL, without credentials.
    pub url: String,
    /// The file of certificates to trust.
    pub ca: Option<String>,
    /// Where the URL stands.
    pub place: Place,
}

/// Texts of a step, of whatever kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// What is checked of the answer, a name for each expectation, in the order in which the driver
    /// tells the missed ones.
    pub checks: Vec<String>,
    /// What is taken from the answer: a variable's name and where its value is found.
    pub extract: Vec<(String, String)>,
}

/// Most expectations of one step: the driver tells the missed ones in a word of so many bits.
pub const MOST_CHECKS: usize = 64;

/// Whether a header, parameter or key of this name holds a secret.
pub fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 4] = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
    ];
    const PARTS: [&str; 4] = ["token", "secret", "password", "key"];
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part))
}

/// `text`, unless `name` says that it is a secret.
pub fn unless_secret<'a>(name: &str, text: &'a str) -> &'a str {
    if is_secret(name) { REDACTED } else { text }
}

/// A path whose query's secrets are redacted.
pub fn redact_query(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", unless_secret(name, value)),
            None => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// A URL whose user and password are redacted, whatever else it holds.
pub fn redact_user(url: &str) -> String {
    let Some(start) = url.find("://").map(|at| at + 3) else {
        return url.to_owned();
    };
    let length = url[start..].find(['/', '?', '#']);
    let end = length.map_or(url.len(), |length| start + length);
    match url[start..end].rfind('@') {
        Some(at) => format!("{}{REDACTED}{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
    }
}

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
    fn secrets_are_known_by_name() {
        for name in [
            "Authorization",
            "COOKIE",
            "x-api-key",
            "access_token",
            "clientSecret",
        ] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("accept"));
        assert_eq!(
            redact_query("/a?q=1&api_key=x=y&z"),
            "/a?q=1&api_key=(redacted)&z"
        );
        assert_eq!(redact_query("/a"), "/a");
        assert_eq!(
            redact_user("http://u:p@h:1/x@y"),
            "http://(redacted)@h:1/x@y"
        );
        assert_eq!(redact_user("${A:-http://u@h}"), "${A:-http://(redacted)@h}");
        assert_eq!(redact_user("http://h/@"), "http://h/@");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("é"), "é");
        let shown = cut(&"é".repeat(3000));
        assert!(shown.ends_with("é… (6000 bytes)"));
    }
}
