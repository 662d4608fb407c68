//! Shortages of this machine that keep a request from being begun: no fault of the server.

use loadgen_core::metric::{EnumMap, Key};
use nix::errno::Errno;
use std::io;

/// Something that connections take, and of which there was none left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// Local ports.
    Ports,
    /// File descriptors, of this process or of the whole machine.
    Descriptors,
}

/// Something for each of them.
pub type Shortages<V = u64> = EnumMap<Shortage, V, { Shortage::ALL.len() }>;

impl Shortage {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Ports, Self::Descriptors];

    /// The shortage that an error of the system tells of.
    pub fn of(error: &io::Error) -> Option<Self> {
        match Errno::from_raw(error.raw_os_error()?) {
            Errno::EADDRNOTAVAIL => Some(Self::Ports),
            Errno::EMFILE | Errno::ENFILE => Some(Self::Descriptors),
            _ => None,
        }
    }

    /// Name of the resource.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Ports => "local port",
            Self::Descriptors => "file descriptor",
        }
    }

    /// Advice for having enough of it.
    pub fn help(self) -> &'static str {
        match self {
            Self::Ports => {
                "reuse connections, let more ports be used (sysctl net.ipv4.ip_local_port_range, \
                 net.ipv4.tcp_tw_reuse = 1), or take more addresses of the target or more machines"
            }
            Self::Descriptors => {
                "raise the limit (`ulimit -Hn`, sysctl fs.file-max), or use fewer users or a \
                 smaller max_in_flight"
            }
        }
    }
}

impl Key for Shortage {
    const KIND: &'static str = "shortage";
    const ALL: &'static [Self] = &Self::ALL;

    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ports => "ports",
            Self::Descriptors => "descriptors",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Detail, ErrorClass, Failure};

    #[test]
    fn what_the_machine_ran_out_of_is_told_from_what_the_server_did() {
        let of = |errno: Errno| Shortage::of(&io::Error::from_raw_os_error(errno as i32));
        for (errno, shortage) in [
            (Errno::EADDRNOTAVAIL, Some(Shortage::Ports)),
            (Errno::EMFILE, Some(Shortage::Descriptors)),
            (Errno::ENFILE, Some(Shortage::Descriptors)),
            (Errno::ECONNREFUSED, None),
            (Errno::ENETUNREACH, None),
        ] {
            assert_eq!(of(errno), shortage, "{errno}");
        }
        // Not told by the system.
        assert_eq!(Shortage::of(&io::ErrorKind::AddrNotAvailable.into()), None);

        let failure = Failure::io(io::Error::from_raw_os_error(Errno::EMFILE as i32));
        assert_eq!(failure.class, ErrorClass::LocalLimit);
        assert!(matches!(
            failure.detail,
            Detail::Shortage(Shortage::Descriptors, _)
        ));
        assert_eq!(
            failure.detail.to_string(),
            "no file descriptor was left: Too many open files (os error 24)"
        );
    }
}
