//! Where connections go.

use loadgen_plan::http::{ConnectEnd, ConnectTo};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// The other end of connections to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum Endpoint {
    /// An address, which need not be looked up.
    Address(SocketAddr),
    /// A name, and the port at each of its addresses.
    Name(String, u16),
    /// A Unix socket.
    Socket(PathBuf),
}

impl Endpoint {
    /// The port of a host, which is a name, or an address without brackets; or what stands in its
    /// place.
    pub(in crate::http) fn of(host: &str, port: u16, others: &[ConnectTo]) -> Self {
        let named = |exactly: bool| {
            let mut others = others.iter();
            others.find(|other| other.host == host && other.port == exactly.then_some(port))
        };
        let (host, port) = match named(true).or(named(false)).map(|other| &other.end) {
            None => (host, port),
            Some(ConnectEnd::Host(host, other)) => (host.as_str(), other.unwrap_or(port)),
            Some(ConnectEnd::Socket(path)) => return Self::Socket(path.clone()),
        };
        match host.parse::<IpAddr>() {
            Ok(ip) => Self::Address((ip, port).into()),
            Err(_) => Self::Name(host.to_owned(), port),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Socket(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_with_its_port_goes_before_the_host_alone() {
        let other = |host: &str, port, end| ConnectTo {
            host: host.to_owned(),
            port,
            end,
        };
        let to = |host: &str, port| ConnectEnd::Host(host.to_owned(), port);
        let others = [
            other("a", None, to("::1", None)),
            other("a", Some(80), to("c", Some(81))),
            other("b", None, ConnectEnd::Socket("/s".into())),
        ];
        let name = |name: &str, port| Endpoint::Name(name.to_owned(), port);
        for (host, port, expected) in [
            ("a", 80, name("c", 81)),
            ("a", 443, Endpoint::Address("[::1]:443".parse().unwrap())),
            ("b", 1, Endpoint::Socket("/s".into())),
            ("c", 80, name("c", 80)),
            (
                "127.0.0.1",
                80,
                Endpoint::Address(([127, 0, 0, 1], 80).into()),
            ),
        ] {
            assert_eq!(Endpoint::of(host, port, &others), expected);
        }
    }
}
