//! What all workers share: checked addresses, trust, and compiled requests.

use super::{
    SetupError,
    codec::Limits,
    policy::{ConnectPolicy, Policy},
    proxy::Proxy,
    request::Request,
    server::ServerSetup,
    tls::Trust,
};
use loadgen_plan::{HttpStep, Population, http::Settings};
use std::sync::Arc;
use url::Url;

/// A population as the driver sees it.
#[derive(Debug)]
pub struct Target<'a> {
    /// How its requests are made.
    pub settings: &'a Settings,
    /// The servers, taken in turn by users and slots; none when no step is a request.
    pub urls: &'a [Url],
    /// Every request that its sessions will make, with its index.
    pub steps: Vec<(usize, &'a HttpStep)>,
}

impl<'a> Target<'a> {
    /// `population` against the servers at `urls`.
    pub fn of(population: &'a Population, urls: &'a [Url]) -> Self {
        Self {
            settings: &population.http,
            urls,
            steps: population
                .steps()
                .filter_map(|step| Some((step.index, step.kind.http()?)))
                .collect(),
        }
    }
}

/// Everything that is the same for all workers of the process. Built once, before they start.
#[derive(Debug)]
pub struct Setup {
    /// By population, then by URL.
    pub(super) servers: Vec<Vec<ServerSetup>>,
    /// By population.
    pub(super) policies: Vec<Policy>,
    /// By `Step::index`, then by URL.
    pub(super) requests: Vec<Vec<Request>>,
    /// By population: the proxy that stands between, as a server.
    pub(super) proxies: Vec<Option<ServerSetup>>,
}

impl Setup {
    /// Compiles the requests of all populations, which are later named by their place here, and
    /// reads the certificates that they trust.
    pub fn new(targets: &[Target<'_>]) -> Result<Self, SetupError> {
        let mut setup = Self {
            servers: Vec::new(),
            policies: Vec::new(),
            requests: Vec::new(),
            proxies: Vec::new(),
        };
        let mut trust = Trust::default();
        for target in targets {
            setup.add(target, &mut trust)?;
        }
        Ok(setup)
    }

    /// The servers of a population: whether by https, the name or address, and the port.
    pub fn servers(&self, population: usize) -> impl Iterator<Item = (bool, &str, u16)> {
        let servers = self.servers.get(population).into_iter().flatten();
        servers.map(|server| (server.tls.is_some(), server.host.as_str(), server.port))
    }

    fn add(&mut self, target: &Target<'_>, trust: &mut Trust) -> Result<(), SetupError> {
        let settings = target.settings;
        let secure = |url: &Url| url.scheme() == "https";
        // Redirects, and URLs that are filled in, may lead to https from anywhere.
        let proxy = settings.proxy.as_ref();
        let elsewhere = || {
            target
                .steps
                .iter()
                .filter_map(|(_, http)| http.elsewhere.as_ref())
        };
        let tls = target.urls.iter().chain(proxy).any(secure)
            || settings.redirects > 0
            || elsewhere().any(|to| to.server.as_ref().is_none_or(secure));
        let tls = tls.then(|| trust.config(settings)).transpose()?;
        let proxy = proxy.map(|url| Proxy::of(url, tls.as_ref()));
        let connect = Arc::new(ConnectPolicy {
            timeout: settings.connect_timeout,
            connect_to: settings.connections.connect_to.clone(),
            dns: settings.connections.dns,
            http2: settings.http2,
            tls,
            proxy: proxy.transpose()?.map(Arc::new),
            resumption: settings.connections.resumption,
        });
        let servers = target.urls.iter();
        let servers = servers.map(|url| ServerSetup::of(url, &connect));
        self.servers.push(servers.collect::<Result<_, _>>()?);
        let policy = Policy {
            limits: Limits {
                max_head: settings.max_head,
                max_body: settings.max_body,
            },
            cookies: settings.cookies,
            redirects: settings.redirects,
            compression: settings.compression.clone(),
            connect: Arc::clone(&connect),
        };
        for url in elsewhere().filter_map(|to| to.server.as_ref()) {
            ServerSetup::of_url(url, &connect)?;
        }
        self.policies.push(policy);
        let proxy = connect.proxy.as_deref();
        let proxy = proxy.map(|proxy| ServerSetup::of_proxy(proxy, &connect));
        self.proxies.push(proxy);
        for (index, http) in target.steps.iter().copied() {
            *room(&mut self.requests, index) = Request::all(http, target.urls, settings);
        }
        Ok(())
    }
}

/// The place `index` of a list that grows as needed.
fn room<T>(list: &mut Vec<Vec<T>>, index: usize) -> &mut Vec<T> {
    if list.len() <= index {
        list.resize_with(index + 1, Vec::new);
    }
    &mut list[index]
}
