//! Servers, as connections to them are opened.

use super::{
    SetupError,
    address::{SOCKET_HOST, without_user},
    connect::endpoint::Endpoint,
    cookies::Site,
    policy::ConnectPolicy,
    proxy::{Forward, Proxy},
};
use loadgen_plan::{http::Http2, socket};
use rustls::{ClientConfig, pki_types::ServerName};
use std::{path::PathBuf, sync::Arc};
use url::{Host, Url};

/// One server.
#[derive(Debug)]
pub(super) struct ServerSetup {
    /// As it was given, for messages; without credentials.
    pub url: String,
    pub base: Url,
    /// A name, or an address without brackets.
    pub host: String,
    pub port: u16,
    pub tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// Where connections go.
    pub endpoint: Endpoint,
    /// Writes requests for a proxy that passes them on; None: they go to the server itself, through a
    /// tunnel where there is a proxy.
    pub forward: Option<Forward>,
    pub connect: Arc<ConnectPolicy>,
}

impl ServerSetup {
    /// The server at `url`.
    pub(super) fn of(url: &Url, connect: &Arc<ConnectPolicy>) -> Result<Self, SetupError> {
        if let Some(path) = socket::path(url) {
            return Self::of_socket(path, connect);
        }
        let shown = without_user(url);
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
        let tls = match connect.tls.as_ref().filter(|_| secure) {
            Some(config) => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| refuse("its host cannot stand in a certificate"))?;
                Some((config.clone(), name))
            }
            None => None,
        };
        let port = url.port().unwrap_or(if secure { 443 } else { 80 });
        let endpoint = Endpoint::of(&host, port, &connect.connect_to);
        // A proxy knows nothing of other ends for the connections to a host, nor of HTTP/2.
        let is_usual = endpoint == Endpoint::of(&host, port, &[]);
        let proxy = connect.proxy.as_ref().filter(|_| {
            let http1 = connect.http2 != Some(Http2::Require);
            tls.is_none() && is_usual && http1
        });
        Ok(Self {
            url: shown.to_string(),
            forward: proxy.and_then(|proxy| proxy.forward(&shown)),
            base: shown,
            endpoint,
            host,
            port,
            tls,
            connect: Arc::clone(connect),
        })
    }

    /// The server on a Unix socket, which requests call localhost, as curl's mostly do.
    fn of_socket(path: PathBuf, connect: &Arc<ConnectPolicy>) -> Result<Self, SetupError> {
        let local = format!("http://{SOCKET_HOST}");
        let local = Url::parse(&local).map_err(|_| SetupError::Url {
            url: local,
            reason: "not a URL",
        })?;
        Ok(Self {
            url: format!("unix:{}", path.display()),
            endpoint: Endpoint::Socket(path),
            forward: None,
            ..Self::of(&local, connect)?
        })
    }

    /// The server at `url`, to which a redirect or a step leads.
    pub(super) fn of_url(url: &Url, connect: &Arc<ConnectPolicy>) -> Result<Self, SetupError> {
        let mut url = url.clone();
        url.set_path("");
        url.set_query(None);
        Self::of(&url, connect)
    }

    /// A proxy, as if it were a server itself.
    pub(super) fn of_proxy(proxy: &Proxy, connect: &ConnectPolicy) -> Self {
        Self {
            url: proxy.url.to_string(),
            base: proxy.url.clone(),
            host: proxy.url.host_str().unwrap_or_default().to_owned(),
            port: 0,
            tls: proxy.tls.clone(),
            endpoint: proxy.endpoint.clone(),
            forward: None,
            connect: Arc::new(ConnectPolicy {
                http2: None,
                proxy: None,
                ..connect.clone()
            }),
        }
    }

    /// The proxy through which connections go.
    pub(super) fn proxy(&self) -> Option<&Proxy> {
        let proxy = self.connect.proxy.as_deref();
        proxy.filter(|_| !matches!(self.endpoint, Endpoint::Socket(_)))
    }

    /// The server as cookies see it.
    pub(super) fn site(&self) -> Site<'_> {
        Site::new(&self.host, self.tls.is_some())
    }
}
