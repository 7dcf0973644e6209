//! The signature of a message that this service sends, as the Standard Webhooks specification 1.0.0 has it
//! (standardwebhooks.com): receivers need no code of ours to check it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Secret;

/// What begins a secret that is written as base64.
const ENCODED: &str = "whsec_";

/// The value of the header `webhook-signature`: of this id, this moment in seconds since 1970, and this body.
///
/// A secret that begins with `whsec_` is base64 behind it, as the libraries of receivers expect; any other one is used as it is.
pub fn sign_message(secret: &Secret, id: &str, seconds: i64, body: &[u8]) -> String {
    let text = secret.reveal();
    let decoded = text.strip_prefix(ENCODED).and_then(|rest| STANDARD.decode(rest).ok());
    let key = decoded.unwrap_or_else(|| text.as_bytes().to_vec());
    // A key of any length is one of HMAC; the empty text is a signature that nobody takes.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    let mac = mac.chain_update(id).chain_update(".").chain_update(seconds.to_string()).chain_update(".");
    format!("v1,{}", STANDARD.encode(mac.chain_update(body).finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_signed_as_it_says() {
        let secret = Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = sign_message(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let other = sign_message(&Secret::from("plain"), "id", 1, b"");
        assert!(other.starts_with("v1,") && other != sign_message(&Secret::from("plain"), "id", 2, b""));
    }
}
