//! What all workers share: checked addresses, trust, and compiled requests.

use super::{
    full::{FullSetup, Message},
    request::Request,
    tls::Trust,
};
use crate::plan::{
    HttpStep, Population,
    http::{Client, Settings},
};
use rustls::{ClientConfig, pki_types::ServerName};
use std::{path::PathBuf, sync::Arc, time::Duration};
use url::{Host, Url};

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
    pub(super) limits: Vec<super::codec::Limits>,
    /// By `Step::index`, then by URL; of populations that the fast client drives.
    pub(super) requests: Vec<Vec<Request>>,
    /// By population; None for those that the fast client drives.
    pub(super) full: Vec<Option<FullSetup>>,
    /// By `Step::index`, then by URL; of populations that the full client drives.
    pub(super) messages: Vec<Vec<Message>>,
    /// By population: the proxy that stands between, as a server.
    pub(super) proxies: Vec<Option<ServerSetup>>,
}

/// One server.
#[derive(Debug)]
pub(super) struct ServerSetup {
    /// As it was given, for messages; without credentials.
    pub url: String,
    /// A name, or an address without brackets.
    pub host: String,
    pub port: u16,
    pub tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    pub connect_timeout: Duration,
}

impl Setup {
    /// Compiles the requests of all populations, which are later named by their place here, and
    /// reads the certificates that they trust.
    pub fn new(targets: &[Target<'_>]) -> Result<Self, SetupError> {
        let mut setup = Self {
            servers: Vec::new(),
            limits: Vec::new(),
            requests: Vec::new(),
            full: Vec::new(),
            messages: Vec::new(),
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
        let full = match &settings.client {
            Client::Fast { .. } => None,
            Client::Full(full) => Some(full.as_ref()),
        };
        let secure = |url: &Url| url.scheme() == "https";
        // Redirects may lead to https from anywhere.
        let proxy = full.and_then(|full| full.proxy.as_ref());
        let tls = target.urls.iter().chain(proxy).any(secure)
            || full.is_some_and(|full| full.redirects > 0);
        let tls = tls.then(|| trust.config(settings)).transpose()?;
        let servers = target
            .urls
            .iter()
            .map(|url| server(url, settings, tls.as_ref()));
        self.servers.push(servers.collect::<Result<_, _>>()?);
        self.limits.push(super::codec::Limits {
            max_head: settings.max_head,
            max_body: settings.max_body,
        });
        let between = proxy.map(|url| proxy_server(url, settings, trust));
        self.proxies.push(between.transpose()?);
        let made = full.map(|full| FullSetup::new(settings, full, tls));
        self.full
            .push(made.transpose().map_err(SetupError::Client)?);
        for (index, http) in target.steps.iter().copied() {
            let urls = target.urls.iter();
            match full {
                None => {
                    let compile = |url| Request::compile(http, url, settings);
                    let requests = room(&mut self.requests, index);
                    *requests = urls.map(compile).collect();
                }
                Some(full) => {
                    let compile = |url| Message::compile(http, url, settings, full);
                    let messages = urls.map(compile).collect::<Result<_, _>>();
                    *room(&mut self.messages, index) = messages.map_err(SetupError::Client)?;
                }
            }
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

/// A proxy as a server to which connections can be opened.
fn proxy_server(
    url: &Url,
    settings: &Settings,
    trust: &mut Trust,
) -> Result<ServerSetup, SetupError> {
    let tls = (url.scheme() == "https").then(|| trust.config(settings));
    // What it speaks does not matter for a connection; server() knows only what can be driven.
    let mut plain = url.clone();
    let socks = url.scheme().starts_with("socks");
    if socks {
        let words = format!("http{}", url.as_str().trim_start_matches(url.scheme()));
        plain = Url::parse(&words).map_err(|error| SetupError::Client(error.to_string()))?;
        let _ = plain.set_port(url.port().or(Some(1080)));
    }
    let setup = server(&plain, settings, tls.transpose()?.as_ref())?;
    Ok(match socks {
        true => ServerSetup {
            url: setup.url.replacen("http", url.scheme(), 1),
            ..setup
        },
        false => setup,
    })
}

fn server(
    url: &Url,
    settings: &Settings,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<ServerSetup, SetupError> {
    let mut shown = url.clone();
    // Refused only where there is no host, and then there is nothing to hide.
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    let refuse = |reason| SetupError::Url {
        url: shown.to_string(),
        reason,
    };
    let secure = match url.scheme() {
        "http" => false,
        "https" => true,
        _ => return Err(refuse("only http and https can be driven")),
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("a query or fragment belongs to the steps"));
    }
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(ip)) => ip.to_string(),
        Some(Host::Ipv6(ip)) => ip.to_string(),
        None => return Err(refuse("it names no host")),
    };
    let tls = match tls.filter(|_| secure) {
        Some(config) => {
            let name = ServerName::try_from(host.clone())
                .map_err(|_| refuse("its host cannot stand in a certificate"))?;
            Some((config.clone(), name))
        }
        None => None,
    };
    Ok(ServerSetup {
        url: shown.to_string(),
        host,
        port: url.port().unwrap_or(if secure { 443 } else { 80 }),
        tls,
        connect_timeout: settings.connect_timeout,
    })
}

/// Why the driver cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A URL that cannot be driven.
    #[error("{url}: {reason}")]
    Url {
        /// As it was given, without credentials.
        url: String,
        /// In words.
        reason: &'static str,
    },
    /// A file of certificates that cannot be used.
    #[error("the CA file {}: {reason}", .path.display())]
    CaFile {
        /// Where it should be.
        path: PathBuf,
        /// In words.
        reason: String,
    },
    /// A client certificate that cannot be used.
    #[error("the client certificate {}: {reason}", .path.display())]
    Identity {
        /// Where it should be.
        path: PathBuf,
        /// In words.
        reason: String,
    },
    /// The full client cannot be made, in words.
    #[error("the full client cannot be made: {0}")]
    Client(String),
    /// There is no certificate to trust.
    #[error(
        "this system has no CA certificates to check servers by; name a CA file, or accept any certificate"
    )]
    NoRoots,
    /// The TLS library refused its configuration.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}
