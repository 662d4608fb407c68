//! What a run drives: the bundled services that it needs, and what its populations' targets are.

use super::{Ended, tell};
use crate::{
    bundled::{Bundled, Served},
    cli::Exit,
    plan::{App, Load, Plan, Target, sql::Secret},
};
use url::Url;

/// The bundled services, which may serve several runs one after the other.
pub struct Bundle {
    bundled: Option<Bundled>,
    /// Where they answer, once they do.
    served: Option<Vec<Served>>,
}

impl Bundle {
    /// Starts what these plans drive. Must be called inside a runtime.
    ///
    /// # Errors
    /// When a process cannot be made.
    pub fn spawn<'p>(plans: impl IntoIterator<Item = &'p Plan>) -> Result<Self, Ended> {
        let apps: Vec<&App> = plans.into_iter().flat_map(Plan::apps).collect();
        let bundled = match apps.as_slice() {
            [] => None,
            apps => {
                let spawned = Bundled::spawn(apps);
                Some(spawned.map_err(|problem| tell(Exit::Setup, problem))?)
            }
        };
        Ok(Self {
            bundled,
            served: None,
        })
    }

    /// Waits until all of them answer. May be given up at any time.
    ///
    /// # Errors
    /// When they do not start.
    pub async fn ready(&mut self, say: impl FnOnce(&str)) -> Result<&[Served], Ended> {
        if let (Some(bundled), None) = (&mut self.bundled, &self.served) {
            say("starting the bundled target");
            let served = bundled.ready().await;
            self.served = Some(served.map_err(|problem| tell(Exit::Setup, problem))?);
        }
        Ok(self.served.as_deref().unwrap_or_default())
    }

    /// The database of a bundled service, once it is ready.
    pub fn database(&self, target: &Target) -> Option<Secret> {
        match (target, &self.bundled) {
            (Target::App(app), Some(bundled)) => bundled.database(app),
            _ => None,
        }
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

pub fn urls(target: &Target, served: &[Served]) -> Vec<Url> {
    match target {
        Target::Urls(urls) => urls.clone(),
        Target::None => Vec::new(),
        Target::App(app) => {
            let mine = served.iter().filter(|served| served.name == app.name);
            mine.map(|served| served.url.clone()).collect()
        }
    }
}

/// What is driven, for the head of the report. URLs of a scenario are shown as it has them: what
/// came from the environment may be secret.
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
            Target::Urls(_) => written.urls.join(", "),
            Target::None => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let databases = plan.databases.iter().zip(&plan.written.databases);
    words.extend(
        databases
            .map(|(database, written)| format!("{} at {}", database.backend.name(), written.url)),
    );
    words.join("; ")
}
