//! Targets of a run: the bundled services that it needs, and where its populations' targets are.

use crate::{
    bundled::{Bundled, Served},
    plan::{App, Load, Plan, Target, sql::Secret},
};
use url::Url;

/// Bundled services, which may serve several runs one after the other.
pub struct Services {
    bundled: Option<Bundled>,
    /// URLs, once they answer.
    served: Option<Vec<Served>>,
}

impl Services {
    /// Starts those that the plans drive. Must be called inside a runtime.
    ///
    /// # Errors
    /// In words, when a process cannot be made.
    pub fn spawn<'p>(plans: impl IntoIterator<Item = &'p Plan>) -> Result<Self, String> {
        let apps: Vec<&App> = plans.into_iter().flat_map(Plan::apps).collect();
        let bundled = match apps.as_slice() {
            [] => None,
            apps => Some(Bundled::spawn(apps)?),
        };
        Ok(Self {
            bundled,
            served: None,
        })
    }

    /// Waits until all of them answer. May be given up at any time.
    ///
    /// # Errors
    /// In words, when they do not start.
    pub async fn ready(&mut self, say: impl FnOnce(&str)) -> Result<&[Served], String> {
        if let (Some(bundled), None) = (&mut self.bundled, &self.served) {
            say("starting the bundled target");
            self.served = Some(bundled.ready().await?);
        }
        Ok(self.served.as_deref().unwrap_or_default())
    }

    /// The database of a bundled service, by population, once it is ready.
    pub fn databases(&self, plan: &Plan) -> Vec<Option<Secret>> {
        let of = |target: &Target| match (target, &self.bundled) {
            (Target::App(app), Some(bundled)) => bundled.database(app),
            _ => None,
        };
        plan.populations.iter().map(|p| of(&p.target)).collect()
    }

    /// The processes, which may fail.
    pub fn processes(&mut self) -> Option<&mut Bundled> {
        self.bundled.as_mut()
    }

    /// Stops them.
    ///
    /// # Errors
    /// In words, when one did not end well.
    pub async fn stop(self) -> Result<(), String> {
        match self.bundled {
            Some(bundled) => bundled.stop().await,
            None => Ok(()),
        }
    }
}

/// Most connections that are open at once.
pub fn connections(plan: &Plan) -> u64 {
    let each = plan.populations.iter().map(|population| {
        let users = match &population.load {
            Load::Closed(closed) => closed.users.peak().ceil() as u64,
            Load::Open(open) => open.max_in_flight,
        };
        let servers = usize::from(population.target != Target::None) + plan.databases.len();
        users.saturating_mul(servers as u64)
    });
    each.sum()
}

/// URLs of the targets, by population.
pub fn urls(plan: &Plan, served: &[Served]) -> Vec<Vec<Url>> {
    let of = |target: &Target| match target {
        Target::Urls(urls) => urls.clone(),
        Target::None => Vec::new(),
        Target::App(app) => {
            let mine = served.iter().filter(|served| served.name == app.name);
            mine.map(|served| served.url.clone()).collect()
        }
    };
    plan.populations.iter().map(|p| of(&p.target)).collect()
}

/// Targets in words, for the head of the report. URLs of a scenario are shown as it has them. Of one
/// that the environment fills in the scheme, the host and the port are told: the rest may be
/// secret.
pub fn words(plan: &Plan, urls: &[Vec<Url>]) -> String {
    let mut words: Vec<String> = Vec::new();
    let populations = plan.populations.iter().zip(&plan.written.populations);
    for ((population, written), urls) in populations.zip(urls) {
        let word = match &population.target {
            Target::App(app) => {
                let name = &app.name;
                let urls: Vec<&str> = urls.iter().map(Url::as_str).collect();
                format!("bundled {name} at {}", urls.join(", "))
            }
            Target::Urls(urls) => {
                let urls = urls.iter().zip(&written.urls);
                let words = urls.map(|(url, written)| origin(written, Some(url)));
                words.collect::<Vec<_>>().join(", ")
            }
            Target::None => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let databases = plan.databases.iter().zip(&plan.written.databases);
    words.extend(databases.map(|(database, written)| {
        let url = Url::parse(database.url.expose()).ok();
        let url = origin(&written.url, url.as_ref());
        format!("{} at {url}", database.backend.name())
    }));
    words.join("; ")
}

/// A URL as it is written, unless a value of the environment is in it: then its scheme, host and
/// port, if it has a host.
fn origin(written: &str, url: Option<&Url>) -> String {
    let filled = written.contains("${");
    let Some((url, host)) = url
        .filter(|_| filled)
        .and_then(|url| Some((url, url.host_str()?)))
    else {
        return written.to_owned();
    };
    let port = url.port().map(|port| format!(":{port}"));
    format!("{}://{host}{}", url.scheme(), port.unwrap_or_default())
}
