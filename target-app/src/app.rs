//! The services of one process: opened, filled, listening, and stopped in order.

use axum::Router;
use axum::serve::ListenerExt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::database::Database;
use crate::opening::Opening;
use crate::telemetry::Telemetry;
use crate::{
    CacheSetting, Error, Location, MeteringConfig, PoolSettings, Service, SnsConfig,
    TelemetryConfig,
};

/// Connections the kernel may hold before they are accepted, so that a ramp of users is not refused.
const BACKLOG: u32 = 4096;

/// Configuration of the services, with everything decided.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Listeners, those of a service one after the other.
    pub listeners: Vec<Listener>,
    /// Location of the data.
    pub location: Location,
    /// Pool of connections, when not as suits the service and the kind of database.
    pub pool: Option<PoolSettings>,
    /// Cache of weather's averages.
    pub cache: CacheSetting,
    /// Number of records to fill an empty database with, when not the service's default.
    pub records: Option<u64>,
    /// Each so-manieth order is acknowledged without being stored.
    pub drop_orders: Option<u64>,
    /// The windows and locks of metering.
    pub metering: MeteringConfig,
    /// Topic that hello publishes to.
    pub sns: SnsConfig,
    /// Telemetry of every service.
    pub telemetry: TelemetryConfig,
}

/// One port of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// Service that listens.
    pub service: Service,
    /// The name of what answers there: the service's own, unless it has several.
    pub name: &'static str,
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
}

impl Setup {
    /// Services (none: all of them) in the order of [`Service::ALL`], whatever order they are named
    /// in. `port` is the first one's and the others follow; without it each has its own.
    pub fn new(services: &[Service], port: Option<u16>, location: Location) -> Result<Self, Error> {
        let mut services = services.to_vec();
        if services.is_empty() {
            services.extend(Service::ALL);
        }
        services.sort_unstable();
        services.dedup();
        check(&services, &location)?;
        let names = services.iter().flat_map(|&service| {
            let listeners = service.listeners().iter();
            listeners.map(move |&(name, default)| (service, name, default))
        });
        let count = names.clone().count();
        let listeners = names.zip(0_u16..).map(|((service, name, default), index)| {
            let port = match port {
                None => default,
                Some(0) => 0,
                Some(first) => first.checked_add(index).ok_or(Error::NoPortsLeft {
                    first,
                    ports: count,
                })?,
            };
            Ok(Listener {
                service,
                name,
                port,
            })
        });
        Ok(Self {
            listeners: listeners.collect::<Result<_, Error>>()?,
            location,
            pool: None,
            cache: CacheSetting::Off,
            records: None,
            drop_orders: None,
            metering: MeteringConfig::default(),
            sns: SnsConfig::default(),
            telemetry: TelemetryConfig::default(),
        })
    }
}

impl Setup {
    /// Has orders serve its metrics on a port of their own as well, if it is among the services.
    pub fn with_metrics_port(mut self, port: u16) -> Self {
        let orders = |listener: &Listener| listener.service == Service::Orders;
        if let Some(index) = self.listeners.iter().position(orders) {
            let metrics = Listener {
                service: Service::Orders,
                name: "orders-metrics",
                port,
            };
            self.listeners.insert(index + 1, metrics);
        }
        self
    }
}

/// Checks that the services can keep their data there.
fn check(services: &[Service], location: &Location) -> Result<(), Error> {
    let storing = services.iter().filter(|service| service.has_data());
    if let (Location::File(file), 2..) = (location, storing.count()) {
        let file = file.clone();
        return Err(Error::OneFileForSeveral { file });
    }
    if location.is_mysql()
        && let Some(&service) = services.iter().find(|service| !service.runs_on_mysql())
    {
        return Err(Error::NotOnMySql { service });
    }
    let both = [Service::Orders, Service::Shop];
    if location.is_server() && both.iter().all(|service| services.contains(service)) {
        return Err(Error::SameTable);
    }
    Ok(())
}

/// A service that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Service that is ready.
    pub service: Service,
    /// The name of what answers there: the service's own, unless it has several.
    pub name: &'static str,
    /// Address that it listens on.
    pub address: SocketAddr,
}

impl Endpoint {
    /// The address as a URL without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Running services. Dropping it stops them without waiting for requests under way.
#[derive(Debug)]
pub struct App {
    endpoints: Vec<Endpoint>,
    databases: Vec<Database>,
    telemetry: Vec<Telemetry>,
    servers: JoinSet<()>,
    /// Background work of the services; it ends when told to stop.
    tasks: JoinSet<()>,
    stopping: watch::Sender<bool>,
}

impl App {
    /// Takes the ports, opens, migrates and where empty fills the databases, then serves. When it
    /// returns, every service answers. Dropping the future midway leaves unfilled databases empty.
    pub async fn start(setup: &Setup) -> Result<Self, Error> {
        let has = |service| (setup.listeners.iter()).any(|listener| listener.service == service);
        let used = match setup.cache {
            CacheSetting::Off => true,
            CacheSetting::Memory => has(Service::Weather),
            CacheSetting::Redis(_) => has(Service::Weather) || has(Service::Metering),
        };
        if !used {
            return Err(Error::NothingToCache);
        }
        // Ports first: a taken one should not be found out after the data is made.
        let mut sockets = Vec::new();
        for &Listener {
            service,
            name,
            port,
        } in &setup.listeners
        {
            let socket = listen(port)?;
            let address = socket.local_addr().map_err(|source| Error::Process {
                what: "the address of a listener",
                source,
            })?;
            let endpoint = Endpoint {
                service,
                name,
                address,
            };
            sockets.push((endpoint, socket));
        }
        let mut app = Self {
            endpoints: sockets.iter().map(|&(endpoint, _)| endpoint).collect(),
            databases: Vec::new(),
            telemetry: Vec::new(),
            servers: JoinSet::new(),
            tasks: JoinSet::new(),
            stopping: watch::Sender::new(false),
        };
        let endpoints = app.endpoints.clone();
        let mut routers = Vec::new();
        for endpoints in endpoints.chunk_by(|one, next| one.service == next.service) {
            routers.extend(app.open(endpoints, setup).await?);
        }
        for ((_, socket), router) in sockets.into_iter().zip(routers) {
            app.serve(socket, router);
        }
        Ok(app)
    }

    /// Opens the service of `endpoints`: a router for each of them.
    async fn open(&mut self, endpoints: &[Endpoint], setup: &Setup) -> Result<Vec<Router>, Error> {
        let first = self.telemetry.len();
        for endpoint in endpoints {
            let telemetry = Telemetry::new(endpoint.name, &setup.telemetry)?;
            self.telemetry.push(telemetry);
        }
        let telemetry = &self.telemetry[first..];
        let mut opening = Opening {
            setup,
            telemetry,
            tasks: &mut self.tasks,
            stopping: &self.stopping,
        };
        let (database, routers) = opening.open(endpoints).await?;
        self.databases.extend(database);
        Ok(routers)
    }

    /// Services with their addresses, in the order of the ports.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Refuses new requests, gives those under way up to `grace`, and closes the databases.
    pub async fn stop(mut self, grace: Duration) {
        self.stopping.send_replace(true);
        let ended = async {
            while self.servers.join_next().await.is_some() {}
            while self.tasks.join_next().await.is_some() {}
            for database in &self.databases {
                database.close().await;
            }
        };
        // Requests still in flight then end with the process.
        let _ = timeout(grace, ended).await;
        for telemetry in &self.telemetry {
            telemetry.close().await;
        }
    }

    fn serve(&mut self, listener: TcpListener, router: Router) {
        let mut stopping = self.stopping.subscribe();
        let stopped = async move {
            // An error means that the app was dropped, which is to stop as well.
            let _ = stopping.wait_for(|&stop| stop).await;
        };
        let listener = listener.tap_io(|stream| {
            // Best effort: without it answers are only later, not wrong.
            let _ = stream.set_nodelay(true);
        });
        self.servers.spawn(async move {
            // axum's serve retries failed accepts and never returns an error.
            let _ = axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await;
        });
    }
}

fn listen(port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let bind = || {
        let socket = TcpSocket::new_v4()?;
        // Otherwise a restart would fail while the last run's connections linger.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|source| Error::Bind { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Service::{Hello, Metering, Orders, Shop, Weather};

    fn ports(services: &[Service], port: Option<u16>) -> Result<Vec<(&str, u16)>, Error> {
        let setup = Setup::new(services, port, Location::Folder("d".into()))?;
        let listeners = setup.listeners.iter();
        Ok(listeners
            .map(|listener| (listener.name, listener.port))
            .collect())
    }

    #[test]
    fn ports_follow_the_first_in_the_order_of_the_services() {
        let names = |ports: Vec<(&'static str, u16)>| -> Vec<u16> {
            ports.into_iter().map(|(_, port)| port).collect()
        };
        assert_eq!(
            ports(&[], None).unwrap(),
            [
                ("orders", 5000),
                ("weather", 5001),
                ("product-service", 30010),
                ("inventory-service", 30015),
                ("order-service", 30016),
                ("metering", 8081),
                ("hello", 3000),
            ]
        );
        assert_eq!(
            ports(&[Hello, Shop, Orders, Hello], Some(7000)).unwrap(),
            [
                ("orders", 7000),
                ("product-service", 7001),
                ("inventory-service", 7002),
                ("order-service", 7003),
                ("hello", 7004),
            ]
        );
        assert_eq!(names(ports(&[], Some(0)).unwrap()), [0; 7]);
        let error = ports(&[Shop], Some(u16::MAX - 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--port 65534 leaves no room for 3 ports below 65536"
        );
    }

    #[test]
    fn metrics_of_orders_have_a_port_of_their_own() {
        let listeners = |services: &[Service]| {
            let setup = Setup::new(services, None, Location::Folder("d".into())).unwrap();
            let listeners = setup.with_metrics_port(8000).listeners.into_iter();
            let pairs = listeners.map(|listener| (listener.name, listener.port));
            pairs.collect::<Vec<_>>()
        };
        assert_eq!(
            listeners(&[Hello, Orders]),
            [("orders", 5000), ("orders-metrics", 8000), ("hello", 3000)]
        );
        assert_eq!(listeners(&[Hello]), [("hello", 3000)]);
    }

    #[test]
    fn services_that_cannot_share_a_database_are_told_so() {
        let refused = |services: &[Service], location: &str| {
            let refused = Setup::new(services, None, location.parse().unwrap());
            refused.unwrap_err().to_string()
        };
        let error = refused(&[], "sqlite:x.db");
        assert!(error.contains("sqlite:x.db/"), "{error}");
        for (services, location) in [
            (&[Orders, Hello][..], "sqlite:x.db"),
            (&[Shop, Weather, Metering], "postgres://u@h/d"),
            (&[Orders, Weather], "mysql://u@h/d"),
            (&[], "sqlite:x/"),
        ] {
            let setup = Setup::new(services, None, location.parse().unwrap());
            assert!(setup.is_ok(), "{location}");
        }
        let error = refused(&[Metering], "mysql://u@h/d");
        assert!(
            error.starts_with("metering does not run on MySQL"),
            "{error}"
        );
        let error = refused(&[Orders, Shop], "postgres://u@h/d");
        assert!(error.contains("a database of its own"), "{error}");
    }
}
