//! Sending a message over HTTP, to addresses that are allowed only.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};
use uuid::Uuid;

use super::sinks::Outcome;
use crate::access::{Secret, sign_message};
use crate::task::Timestamp;

/// How long a receiver may take, as the vendor's message service has it.
const TIME: Duration = Duration::from_secs(5);
/// How much of an answer is read: it says nothing that matters.
const MAX_ANSWER: u64 = 64 << 10;

/// Addresses that are no host of the public Internet, by the registries of special-purpose addresses (RFC 6890).
const NOT_PUBLIC: [&str; 17] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// The networks that are not public.
pub(super) fn not_public() -> Vec<IpNet> {
    NOT_PUBLIC.iter().filter_map(|network| network.parse().ok()).collect()
}

/// An address as it is judged: an IPv4 address is the same one inside of IPv6, mapped or behind a translator (RFC 6052).
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address.to_canonical() else { return address.to_canonical() };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            Ipv4Addr::new(a, b, c, d).into()
        }
        _ => v6.into(),
    }
}

/// Refuses addresses. It stands where names become addresses, so that what was judged is what is connected to.
#[derive(Clone)]
pub(super) struct Guard {
    denied: Arc<Vec<IpNet>>,
}

impl Guard {
    pub(super) fn new(denied: Vec<IpNet>) -> Self {
        Self { denied: Arc::new(denied) }
    }

    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let address = plain(address);
        self.denied.iter().all(|network| !network.contains(&address))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in found.iter().filter(|address: &&SocketAddr| self.allows(address.ip())) {
            allowed.push(*address);
        }
        match found.iter().next() {
            Some(address) if allowed.is_empty() => {
                let why = format!("its address {} is denied by the configuration, notifications.deny", address.ip());
                Err(Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, why)))
            }
            _ => Ok(allowed),
        }
    }
}

/// What sends.
pub(super) fn agent(guard: Guard, authorities: Option<&[Certificate<'static>]>) -> Agent {
    let roots = authorities.map_or(RootCerts::WebPki, RootCerts::new_with_certs);
    let config = Agent::config_builder()
        .timeout_global(Some(TIME))
        .http_status_as_error(false)
        .max_redirects(0)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .proxy(None)
        .user_agent(concat!("wasmux/", env!("CARGO_PKG_VERSION")))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), guard)
}

/// Sends a message. Any status of success means that it was taken.
pub(super) fn post(agent: &Agent, url: &str, secret: Option<&Secret>, id: &str, body: &[u8]) -> Outcome {
    let mut request = agent
        .post(url)
        .content_type("application/json")
        .header("x-mns-message-id", id)
        .header("x-mns-request-id", Uuid::new_v4().to_string());
    if let Some(secret) = secret {
        let seconds = Timestamp::now().millis() / 1000;
        request = request
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", sign_message(secret, id, seconds, body));
    }
    match request.send(body) {
        Ok(mut answer) => {
            let status = answer.status();
            if status.is_success() {
                return Outcome::Taken;
            }
            // Read to its end, a connection can be used again; how it goes does not matter.
            let _ = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
            if status.is_redirection() {
                return Outcome::Failed(format!("it answers {status}; redirects are not followed"));
            }
            Outcome::Failed(format!("it answers {status}"))
        }
        Err(Error::Timeout(_)) => Outcome::Failed(format!("it does not answer within {} s", TIME.as_secs())),
        Err(Error::Io(error)) => Outcome::Failed(error.to_string()),
        Err(Error::HostNotFound) => Outcome::Failed("there is no such host".to_owned()),
        Err(Error::BadUri(why)) => Outcome::Never(why),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::config::DENIED;

    #[test]
    fn an_address_is_denied_however_it_is_written() {
        let guard = Guard::new(DENIED.iter().map(|network| network.parse().unwrap()).collect());
        for denied in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "::ffff:100.100.100.200",
        ] {
            assert!(!guard.allows(denied.parse().unwrap()), "{denied}");
        }
        for allowed in ["127.0.0.1", "10.0.0.1", "::1", "192.0.2.1", "2001:db8::1"] {
            assert!(guard.allows(allowed.parse().unwrap()), "{allowed}");
        }
        let public = Guard::new(not_public());
        for denied in ["127.0.0.1", "10.1.2.3", "::1", "::ffff:10.0.0.1", "0.0.0.0", "fd12::1", "100.64.0.1"] {
            assert!(!public.allows(denied.parse().unwrap()), "{denied}");
        }
        assert!(public.allows("93.184.216.34".parse().unwrap()) && public.allows("2600::1".parse().unwrap()));
        assert_eq!(not_public().len(), NOT_PUBLIC.len());
    }
}
