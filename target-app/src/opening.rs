//! From a setup to the routers of one service.

use axum::Router;
use axum::routing::get_service;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::Endpoint;
use crate::database::{Database, Source};
use crate::seed::{self, Amount};
use crate::telemetry::Telemetry;
use crate::{Error, Service, Setup, hello, metering, orders, shop, weather};

/// Context in which a service is opened.
pub(crate) struct Opening<'a> {
    pub(crate) setup: &'a Setup,
    /// One for each of the service's endpoints.
    pub(crate) telemetry: &'a [Telemetry],
    /// Takes what the service does beside answering.
    pub(crate) tasks: &'a mut JoinSet<()>,
    pub(crate) stopping: &'a watch::Sender<bool>,
}

impl Opening<'_> {
    /// Opens the service of `endpoints`: its database, if it has one, and a router for each of them.
    pub(crate) async fn open(
        &mut self,
        endpoints: &[Endpoint],
    ) -> Result<(Option<Database>, Vec<Router>), Error> {
        let [first, ..] = endpoints else {
            return Ok((None, Vec::new()));
        };
        let (service, port) = (first.service, first.address.port());
        if service == Service::Hello {
            let router = self.hello(port)?;
            return Ok((None, vec![router]));
        }
        let source = self.setup.location.source(service)?;
        let database = self.database(service, &source).await?;
        let routers = match service {
            Service::Orders => {
                let router = orders::router(database.clone(), self.setup.drop_orders);
                // A second endpoint is for the metrics alone.
                let metrics = Router::new().route("/metrics", get_service(router.clone()));
                let routers = [router, metrics].into_iter();
                routers.take(endpoints.len()).collect()
            }
            Service::Weather => {
                let locations = weather::locations(&database).await;
                let locations = locations.map_err(|error| source.failed(error))?;
                let cache = &self.setup.cache;
                vec![weather::router(database.clone(), cache, &locations).await?]
            }
            Service::Shop => match self.telemetry {
                [product, inventory, order] => {
                    shop::routers(&database, [product, inventory, order]).into()
                }
                _ => Vec::new(),
            },
            Service::Metering => vec![metering::open(
                database.clone(),
                &self.setup.metering,
                port,
                self.tasks,
                self.stopping.subscribe(),
            )],
            Service::Hello => Vec::new(),
        };
        Ok((Some(database), routers))
    }

    fn hello(&mut self, port: u16) -> Result<Router, Error> {
        let telemetry = self.telemetry.first().cloned().unwrap_or_default();
        let stopping = self.stopping.subscribe();
        hello::open(&self.setup.sns, port, &telemetry, self.tasks, stopping)
    }

    async fn database(&self, service: Service, source: &Source) -> Result<Database, Error> {
        let records = self.setup.records.unwrap_or(service.default_records());
        Database::prepare(source, service.migrations()).await?;
        if records > 0 {
            let amount = Amount::new(records, seed::DEFAULT_SEED);
            seed::fill_if_empty(service, source, amount).await?;
        }
        let settings = self.setup.pool.or(service.usual_pool());
        let database = Database::open(source, settings).await;
        let database = database.map_err(|error| source.failed(error))?;
        Ok(match self.telemetry.first() {
            Some(telemetry) => database.told_to(telemetry),
            None => database,
        })
    }
}
