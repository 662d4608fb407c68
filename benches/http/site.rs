//! Server for clients who log in, follow redirects, upload, unpack, and speak TLS.

use crate::{Result, nginx::Nginx};
use flate2::{Compression, write::GzEncoder};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{
    fmt::Write as _,
    fs::{self, Permissions},
    io::Write as _,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
};
use tempfile::TempDir;

/// One nginx with a plain port and one for TLS, where HTTP/2 can be negotiated.
pub struct Site {
    /// The server.
    pub nginx: Nginx,
    /// The list at `/list`, packed by gzip.
    pub packed: Vec<u8>,
    https: u16,
    folder: TempDir,
}

impl Site {
    /// Starts it for so many connections; only forms of `form` bytes are taken.
    pub fn start(connections: usize, form: usize) -> Result<Self> {
        // A worker process is another user when this one is root.
        let folder = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o755))
            .tempdir()?;
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let at = folder.path().display();
        fs::write(folder.path().join("cert.pem"), cert.pem())?;
        fs::write(folder.path().join("key.pem"), signing_key.serialize_pem())?;
        let packed = gzip(list().as_bytes())?;
        fs::write(folder.path().join("list.gz"), &packed)?;
        let https = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        // One cipher for all clients, whose own lists differ.
        let server = format!(
            r#"listen 127.0.0.1:{https} ssl http2 backlog=16384;
        ssl_certificate {at}/cert.pem;
        ssl_certificate_key {at}/key.pem;
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
        default_type application/json;
        location = /login {{
            add_header Set-Cookie "session=8d969eef6ecad3c29a3a629280e686cf; Path=/; HttpOnly";
            add_header Set-Cookie "theme=dark; Path=/; Max-Age=86400";
            return 200 '{{"user": "user-4711"}}';
        }}
        location = /renewed {{
            add_header Set-Cookie "session=8d969eef6ecad3c29a3a629280e686cf; Path=/; HttpOnly";
            return 200 '{{"order_id": 4711, "status": "shipped", "total_amount": "129.90"}}';
        }}
        location = /moved {{ return 302 /; }}
        location = /form {{
            if ($content_length != {form}) {{ return 400; }}
            return 200 '{{"order_id": 4711, "status": "shipped", "total_amount": "129.90"}}';
        }}
        location = /list {{ alias {at}/list.gz; add_header Content-Encoding gzip; }}"#
        );
        Ok(Self {
            nginx: Nginx::with(connections, &server)?,
            packed,
            https,
            folder,
        })
    }

    /// Root of the plain server, or of the one with TLS.
    pub fn base(&self, secure: bool) -> String {
        match secure {
            true => format!("https://127.0.0.1:{}", self.https),
            false => self.nginx.url(),
        }
    }

    /// Key of `[http]` that makes loadgen trust the server.
    pub fn trust(&self) -> String {
        format!("ca = {:?}\n", self.folder.path().join("cert.pem"))
    }
}

/// Some 10 KB of JSON that pack as well as lists of a web service do.
fn list() -> String {
    let mut list = "[".to_owned();
    for n in 0..100_u32 {
        let (order, cents) = (n * 7919 % 10_007, n * 104_729 % 100_003);
        let separator = if n == 0 { "" } else { "," };
        write!(
            list,
            r#"{separator}{{"order_id": {order}, "status": "shipped", "customer": "user-{cents}", "total": "{}.{:02}"}}"#,
            cents / 100,
            cents % 100,
        )
        .expect("a text takes everything");
    }
    list + "]"
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
