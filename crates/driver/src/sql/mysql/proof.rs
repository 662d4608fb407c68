//! Ways to prove that the client knows the password.

use super::Error;
use aws_lc_rs::{
    digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest},
    rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey},
};
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use rustls::pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use sha2::Sha512;
use std::iter;

/// A way to log in, which the server chooses for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    Native,
    CachingSha2,
    Sha256,
    Ed25519,
}

/// All of them, by their names.
const PLUGINS: [(Plugin, &str); 4] = [
    (Plugin::Native, "mysql_native_password"),
    (Plugin::CachingSha2, "caching_sha2_password"),
    (Plugin::Sha256, "sha256_password"),
    (Plugin::Ed25519, "client_ed25519"),
];

impl Plugin {
    /// The way of this name.
    pub fn of(name: &[u8]) -> Option<Self> {
        let known = PLUGINS.iter().find(|(_, known)| known.as_bytes() == name);
        known.map(|(plugin, _)| *plugin)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let known = PLUGINS.iter().find(|(plugin, _)| *plugin == self);
        known.map_or("", |(_, name)| name)
    }

    /// The first proof that it sends. `is_secret`: nobody reads along.
    ///
    /// # Errors
    /// When the server's nonce is none for it.
    pub fn begin(self, password: &[u8], nonce: &[u8], is_secret: bool) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Plugin::Native | Plugin::CachingSha2 if password.is_empty() => Vec::new(),
            Plugin::Native => {
                let sha = &SHA1_FOR_LEGACY_USE_ONLY;
                let once = hash(sha, &[password]);
                let mask = hash(sha, &[nonce, &hash(sha, &[&once])]);
                xor(&once, &mask)
            }
            Plugin::CachingSha2 => {
                let once = hash(&SHA256, &[password]);
                let mask = hash(&SHA256, &[&hash(&SHA256, &[&once]), nonce]);
                xor(&once, &mask)
            }
            Plugin::Sha256 if is_secret || password.is_empty() => zero_ended(password),
            // The server's key, to encrypt the password.
            Plugin::Sha256 => vec![1],
            Plugin::Ed25519 => {
                let nonce: &[u8; 32] = nonce.try_into().map_err(|_| Error::malformed())?;
                sign(password, nonce)
            }
        })
    }
}

/// The password with a zero at its end.
pub fn zero_ended(password: &[u8]) -> Vec<u8> {
    [password, &[0]].concat()
}

/// The password, encrypted with the server's public key in PEM.
///
/// # Errors
/// When the key cannot be used, or is too short for the password.
pub fn encrypt(password: &[u8], nonce: &[u8], key: &[u8]) -> Result<Vec<u8>, Error> {
    let unusable = || Error::protocol("the server's public key cannot be used");
    let key = SubjectPublicKeyInfoDer::from_pem_slice(key).map_err(|_| unusable())?;
    let key = PublicEncryptingKey::from_der(&key).map_err(|_| unusable())?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| unusable())?;
    let mut encrypted = vec![0; key.ciphertext_size()];
    let hidden = xor(&zero_ended(password), nonce);
    let done = key.encrypt(&OAEP_SHA1_MGF1SHA1, &hidden, &mut encrypted, None);
    match done {
        Ok(encrypted) => Ok(encrypted.to_vec()),
        Err(_) => Err(Error::Login(
            "the password is too long for the server's public key; use TLS".to_owned(),
        )),
    }
}

/// A signature with the key that MariaDB makes of a password: its hash, where Ed25519 has the hash of
/// a random seed.
fn sign(password: &[u8], nonce: &[u8; 32]) -> Vec<u8> {
    let mut expanded = [0; 64];
    expanded.copy_from_slice(&hash(&SHA512, &[password]));
    let key = ExpandedSecretKey::from_bytes(&expanded);
    raw_sign::<Sha512>(&key, nonce, &(&key).into())
        .to_bytes()
        .to_vec()
}

fn hash(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    digest(algorithm, &parts.concat()).as_ref().to_vec()
}

/// An empty mask leaves nothing.
fn xor(bytes: &[u8], mask: &[u8]) -> Vec<u8> {
    iter::zip(bytes, mask.iter().cycle())
        .map(|(byte, mask)| byte ^ mask)
        .collect()
}
