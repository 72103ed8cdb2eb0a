//! Tokens as a site mints them in its own proxy with the shared secret: written out from the standards (RFC 7519, RFC 2104), so that
//! what the program accepts is held against more than its own library.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The audience that every token names.
pub(crate) const AUDIENCE: &str = "urn:cb/stat";

/// A token with these claims, signed by HMAC-SHA256.
pub(crate) fn signed(secret: &str, claims: &Value) -> String {
    let body = unsigned(&json!({"alg": "HS256", "typ": "JWT"}), claims);
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(secret.as_bytes(), body.as_bytes()));
    format!("{body}.{signature}")
}

/// The first two of its three parts, under any header.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    )
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 64;
    let mut padded = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        padded[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let keyed = |with: u8, rest: &[u8]| {
        Sha256::new()
            .chain_update(padded.map(|byte| byte ^ with))
            .chain_update(rest)
            .finalize()
    };
    keyed(0x5c, &keyed(0x36, message)).to_vec()
}
