//! The bundled target app: its services as child processes, started for a run and gone after it.

mod child;
mod health;
mod stderr_tail;

use crate::plan::{App, sql::Secret};
use child::Child;
use futures_util::future::{join_all, select_all};
use serde::Deserialize;
use url::Url;

/// Bundled services that run in processes of their own.
pub struct Bundled {
    services: Vec<Service>,
}

/// A service and its processes: the first, and once that is ready, the other instances.
struct Service {
    app: App,
    instances: Vec<Child>,
}

/// A service that answers.
#[derive(Debug, Clone, Deserialize)]
pub struct Served {
    /// Name in the scenario.
    pub name: String,
    /// Its root.
    pub url: Url,
}

impl Bundled {
    /// Starts the services of `apps`, each once however often it is named, on free loopback ports.
    /// They are not there before [`Bundled::ready`]; must be called inside a runtime.
    ///
    /// # Errors
    /// In words, when a process cannot be made.
    pub fn spawn(apps: &[&App]) -> Result<Self, String> {
        let mut services: Vec<Service> = Vec::new();
        for app in apps {
            if services
                .iter()
                .any(|known| known.app.service == app.service)
            {
                continue;
            }
            let database = app.settings.database.as_ref().map(Secret::expose);
            services.push(Service {
                app: (*app).clone(),
                instances: vec![Child::spawn(&app.service, &app.settings, database)?],
            });
        }
        Ok(Self { services })
    }

    /// Waits until every service says that it is healthy. May be given up at any time; then the
    /// children still have to be stopped.
    ///
    /// # Errors
    /// In words, when they do not start or are not healthy in time.
    pub async fn ready(&mut self) -> Result<Vec<Served>, String> {
        let ready = join_all(self.services.iter_mut().map(Service::ready)).await;
        let served: Result<Vec<Vec<Served>>, String> = ready.into_iter().collect();
        Ok(served?.into_iter().flatten().collect())
    }

    /// Returns the database of a service that is ready; None when it has none.
    pub fn database(&self, app: &App) -> Option<Secret> {
        let mut services = self.services.iter();
        let service = services.find(|service| service.app.service == app.service)?;
        let url = service.location()?;
        // A folder has a file for each service.
        let file = |folder: &str| Secret::new(format!("{folder}/{}.db", app.service));
        let folder = url.strip_suffix('/').filter(|_| url.starts_with("sqlite:"));
        Some(folder.map_or_else(|| Secret::new(url.as_str()), file))
    }

    /// Waits until a child ends by itself, which it should not, and says how.
    pub async fn failed(&mut self) -> String {
        let children = self.services.iter_mut().flat_map(|s| &mut s.instances);
        let children = children.map(|child| Box::pin(child.failed()));
        select_all(children).await.0
    }

    /// Stops them all and waits until they are gone.
    ///
    /// # Errors
    /// In words, when one did not end well.
    pub async fn stop(self) -> Result<(), String> {
        // The first instance has the files that the others work on, so it goes after them.
        let (mut firsts, mut others) = (Vec::new(), Vec::new());
        for service in self.services {
            let mut instances = service.instances.into_iter();
            firsts.extend(instances.next());
            others.extend(instances);
        }
        let mut stopped = Ok(());
        for mut children in [others, firsts] {
            children.iter_mut().for_each(Child::let_go);
            for child in children {
                stopped = stopped.and(child.stop().await);
            }
        }
        stopped
    }
}

impl Service {
    /// Returns the path of its data, or of what it will be once the first instance is ready.
    fn location(&self) -> Option<String> {
        if let Some(database) = &self.app.settings.database {
            return Some(database.expose().to_owned());
        }
        let folder = self.instances.first()?.folder()?;
        Some(format!("sqlite:{}/", folder.display()))
    }

    /// The first instance makes and fills the database, so the others start when it is ready.
    async fn ready(&mut self) -> Result<Vec<Served>, String> {
        let Some(first) = self.instances.first_mut() else {
            return Ok(Vec::new());
        };
        let mut served = first.ready().await?;
        let database = self.location();
        let settings = &self.app.settings;
        for _ in 1..settings.instances {
            let child = Child::spawn(&self.app.service, settings, database.as_deref())?;
            self.instances.push(child);
        }
        let others = self.instances.iter_mut().skip(1).map(Child::ready);
        for other in join_all(others).await {
            served.extend(other?);
        }
        Ok(served)
    }
}
