//! Redirects: where a response leads, and what of a request goes there (RFC 9110, 15.4).

use super::{
    address::{authority, target_of},
    cookies::{self, Cookies, Jar, Site},
};
use http::Method;
use loadgen_core::time::Clock;
use loadgen_plan::written::is_secret;
use url::Url;

/// The way of a step's request from response to response.
#[derive(Debug)]
pub(super) struct Redirects<'a> {
    /// The request as it was sent first.
    original: Original<'a>,
    home: url::Origin,
    url: Url,
    method: Method,
    /// The body was left behind.
    bare: bool,
    /// Another server was on the way: what only the first one may know was left behind.
    foreign: bool,
    left: usize,
    most: usize,
}

impl<'a> Redirects<'a> {
    /// From the request `sent` to the server at `base`, at most so many redirects; None for what is
    /// no request.
    pub(super) fn of(sent: &'a [u8], base: &Url, most: usize) -> Option<Self> {
        let original = Original::parse(sent)?;
        Some(Self {
            home: base.origin(),
            url: original.url(base)?,
            method: Method::from_bytes(original.method.as_bytes()).ok()?,
            original,
            bare: false,
            foreign: false,
            left: most,
            most,
        })
    }

    /// Follows a response with this status and head; false when it leads nowhere.
    ///
    /// # Errors
    /// In words, when it leads where no request can go, or when it is one redirect too many.
    pub(super) fn follow(&mut self, status: u16, location: Option<&[u8]>) -> Result<bool, String> {
        if !leads_on(status) {
            return Ok(false);
        }
        let location = location.ok_or_else(|| format!("a redirect ({status}) without Location"))?;
        let location = std::str::from_utf8(location).ok();
        let url = location.and_then(|location| self.url.join(location).ok());
        let mut url = url.ok_or("a redirect to what is no URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("a redirect to a URL of {}:", url.scheme()));
        }
        let most = self.most;
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| format!("more than {most} redirects"))?;
        url.set_fragment(None);
        let asks_again = match status {
            301 | 302 => self.method == Method::POST,
            303 => self.method != Method::HEAD,
            _ => false,
        };
        if asks_again {
            self.method = Method::GET;
            self.bare = true;
        }
        self.foreign |= url.origin() != self.home;
        self.url = url;
        Ok(true)
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Writes the request that goes there, with the cookies of `jar`.
    pub(super) fn write(&self, jar: Option<&Jar>, clock: Clock, out: &mut Vec<u8>) {
        out.clear();
        let mut add = |pieces: &[&[u8]]| pieces.iter().for_each(|piece| out.extend(*piece));
        let method = self.method.as_str().as_bytes();
        add(&[
            method,
            b" ",
            target_of(&self.url).as_bytes(),
            b" HTTP/1.1\r\n",
        ]);
        if self.foreign {
            add(&[b"host: ", authority(&self.url).as_bytes(), b"\r\n"]);
        }
        let mut own: Option<&[u8]> = None;
        for (name, value) in &self.original.fields {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            let about_body = ["content-length", "transfer-encoding"].into_iter().any(is)
                || name
                    .get(..8)
                    .is_some_and(|start| start.eq_ignore_ascii_case("content-"));
            let left_behind =
                self.foreign && (is("host") || is_secret(name)) || self.bare && about_body;
            if left_behind {
                continue;
            }
            match jar {
                Some(_) if is("cookie") => own = Some(value),
                _ => add(&[name.as_bytes(), b": ", value, b"\r\n"]),
            }
        }
        if let Some(jar) = jar {
            let site = site(&self.url);
            let cookies = Cookies { jar, site, clock };
            let own = own.unwrap_or_default();
            cookies::write(Some(cookies), |out| out.extend_from_slice(own), out);
        }
        out.extend_from_slice(b"\r\n");
        if !self.bare {
            out.extend_from_slice(self.original.body);
        }
    }
}

/// The site of a URL with a host.
pub(super) fn site(url: &Url) -> Site<'_> {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Site::new(host, url.scheme() == "https")
}

/// Returns true if a response with this status is to be followed.
pub(super) fn leads_on(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// A request of ours, taken apart.
#[derive(Debug)]
struct Original<'a> {
    method: &'a str,
    target: &'a str,
    fields: Vec<(&'a str, &'a [u8])>,
    body: &'a [u8],
}

impl<'a> Original<'a> {
    fn parse(sent: &'a [u8]) -> Option<Self> {
        let lines = memchr::memmem::find(sent, b"\r\n\r\n")? + 2;
        let lines = memchr::memchr_iter(b'\n', &sent[..lines]).count();
        let mut fields = vec![httparse::EMPTY_HEADER; lines];
        let mut request = httparse::Request::new(&mut fields);
        let httparse::Status::Complete(end) = request.parse(sent).ok()? else {
            return None;
        };
        Some(Self {
            method: request.method?,
            target: request.path?,
            fields: request
                .headers
                .iter()
                .map(|field| (field.name, field.value))
                .collect(),
            body: &sent[end..],
        })
    }

    fn url(&self, base: &Url) -> Option<Url> {
        let (scheme, authority) = (base.scheme(), authority(base));
        Url::parse(&format!("{scheme}://{authority}{}", self.target)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("http://a:81/").unwrap()
    }

    fn request(method: &str) -> Vec<u8> {
        format!(
            "{method} /x/y?z HTTP/1.1\r\nhost: own\r\nauthorization: v\r\nx-api-key: v\r\n\
             content-type: v\r\ncontent-length: 4\r\naccept: v\r\n\r\nbody"
        )
        .into_bytes()
    }

    fn written(way: &Redirects<'_>) -> String {
        let mut out = b"left over".to_vec();
        way.write(None, Clock::of_runtime(), &mut out);
        String::from_utf8(out).unwrap()
    }

    /// The request after one redirect: its method and URL, and its fields.
    fn after(method: &str, status: u16, to: &str) -> Result<(String, Vec<String>), String> {
        let request = request(method);
        let mut way = Redirects::of(&request, &base(), 3).unwrap();
        if !way.follow(status, Some(to.as_bytes()))? {
            return Ok(("nowhere".to_owned(), Vec::new()));
        }
        let out = written(&way);
        let (head, body) = out.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap();
        let line = line.strip_suffix(" HTTP/1.1").unwrap();
        assert!(line.ends_with(target_of(way.url())), "{line}");
        let line = format!("{} {} {body}", way.method(), way.url());
        Ok((
            line.trim_end().to_owned(),
            lines.map(str::to_owned).collect(),
        ))
    }

    #[test]
    fn methods_and_bodies_change_as_browsers_have_it() {
        for (method, status, line) in [
            ("POST", 301, "GET http://a:81/n"),
            ("POST", 302, "GET http://a:81/n"),
            ("PUT", 302, "PUT http://a:81/n body"),
            ("PUT", 303, "GET http://a:81/n"),
            ("HEAD", 303, "HEAD http://a:81/n body"),
            ("POST", 307, "POST http://a:81/n body"),
            ("POST", 308, "POST http://a:81/n body"),
            ("POST", 304, "nowhere"),
            ("POST", 200, "nowhere"),
        ] {
            assert_eq!(after(method, status, "/n#f").unwrap().0, line);
        }
        let (_, fields) = after("POST", 303, "n").unwrap();
        let kept = ["host: own", "authorization: v", "x-api-key: v", "accept: v"];
        assert_eq!(fields, kept);
    }

    #[test]
    fn secrets_stay_with_their_server() {
        let all = request("GET");
        let all = String::from_utf8(all).unwrap();
        let (head, _) = all.split_once("\r\n\r\n").unwrap();
        let all: Vec<&str> = head.split("\r\n").skip(1).collect();
        for to in ["/n", "http://a:81/n", "?q"] {
            assert_eq!(after("GET", 307, to).unwrap().1, all, "{to}");
        }
        for (to, host) in [
            ("http://b:81/", "host: b:81"),
            ("http://a:82/", "host: a:82"),
            ("https://a:81/", "host: a:81"),
            ("//b/", "host: b"),
            ("http://[::1]:7/", "host: [::1]:7"),
        ] {
            let (_, fields) = after("GET", 307, to).unwrap();
            let kept = [host, "content-type: v", "content-length: 4", "accept: v"];
            assert_eq!(fields, kept, "{to}");
        }
        // Nor do they come back by way of another server.
        let request = request("GET");
        let mut way = Redirects::of(&request, &base(), 3).unwrap();
        for to in ["http://b/", "http://a:81/x"] {
            assert_eq!(way.follow(302, Some(to.as_bytes())), Ok(true));
        }
        let out = written(&way);
        assert!(!out.contains("x-api-key"), "{out}");
        assert!(out.contains("\r\nhost: a:81\r\n"), "{out}");
    }

    #[test]
    fn nonsense_is_told_in_words() {
        for (to, words) in [
            ("file:///etc/passwd", "a redirect to a URL of file:"),
            ("ftp://x/", "a redirect to a URL of ftp:"),
            ("//[bad", "a redirect to what is no URL"),
        ] {
            assert_eq!(after("GET", 302, to).unwrap_err(), words);
        }
        let request = request("GET");
        let mut way = Redirects::of(&request, &base(), 2).unwrap();
        let followed: Vec<_> = (0..3).map(|_| way.follow(302, Some(b"/"))).collect();
        let end = Err("more than 2 redirects".to_owned());
        assert_eq!(followed, [Ok(true), Ok(true), end]);
        let nowhere = Err("a redirect (302) without Location".to_owned());
        assert_eq!(way.follow(302, None), nowhere);
    }
}
