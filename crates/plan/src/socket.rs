//! Services on Unix sockets, as URLs: `http+unix://%2Frun%2Fapp.sock/`.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};
use url::Url;

/// The scheme of the URLs, as requests-unixsocket has it.
const SCHEME: &str = "http+unix";

/// Most bytes of a socket's path: the system has room for 108 with the zero at the end.
const MOST_BYTES: usize = 107;

/// Returns the URL of the service on a socket.
///
/// # Errors
/// In words, when there can be no such socket.
pub fn url(path: &Path) -> Result<Url, &'static str> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() {
        return Err("a socket without a path");
    }
    if bytes.len() > MOST_BYTES {
        return Err("the path of a socket has at most 107 bytes");
    }
    let host = percent_encode(bytes, NON_ALPHANUMERIC);
    Url::parse(&format!("{SCHEME}://{host}/")).map_err(|_| "not the path of a socket")
}

/// Returns the path of the socket that a URL names; None for URLs of other kinds.
pub fn path(url: &Url) -> Option<PathBuf> {
    let host = url.host_str().filter(|_| url.scheme() == SCHEME)?;
    let bytes: Vec<u8> = percent_decode_str(host).collect();
    Some(OsString::from_vec(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_comes_back_from_its_url() {
        let odd = OsString::from_vec(b"/tmp/\xff A%2Fb:c@d?e#f".to_vec());
        for wanted in [
            Path::new("/run/app.sock"),
            Path::new("S.sock"),
            Path::new(&odd),
        ] {
            assert_eq!(path(&url(wanted).unwrap()).as_deref(), Some(wanted));
        }
        for (other, found) in [
            ("http://host/", None),
            ("http+unix://%2Frun%2FApp.sock/v1", Some("/run/App.sock")),
            ("http+unix:///x", None),
        ] {
            let found = found.map(PathBuf::from);
            assert_eq!(path(&other.parse().unwrap()), found, "{other}");
        }
        assert!(url(Path::new("")).is_err());
        assert!(url(Path::new(&"x".repeat(107))).is_ok());
        assert!(url(Path::new(&"x".repeat(108))).is_err());
    }
}
