//! The two signatures of the vendor's API: V3 (`ACS3-HMAC-SHA256`, in the header `Authorization`) and the older one (HMAC-SHA1, in parameters).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Denied, Secret};

const V3: &str = "ACS3-HMAC-SHA256";
const PREFIX: &str = "x-acs-";
const HASH: &str = "x-acs-content-sha256";
const DATE: &str = "x-acs-date";
const NONCE: &str = "x-acs-signature-nonce";
const TOKEN: &str = "x-acs-security-token";

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request as far as signatures are about it.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// In capitals.
    pub method: &'a str,
    /// The path, as it was sent.
    pub path: &'a str,
    /// The parameters of the query, decoded.
    pub query: &'a [(String, String)],
    /// Those of the body, decoded.
    pub form: &'a [(String, String)],
    /// Names in small letters.
    pub headers: &'a [(&'a str, &'a str)],
    /// As it was sent.
    pub body: &'a [u8],
}

/// What a request says of its signature.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) key: String,
    pub(super) moment: String,
    pub(super) nonce: String,
    pub(super) token: Option<String>,
    text: String,
    signature: Signature,
}

#[derive(Debug)]
enum Signature {
    V3(Vec<u8>),
    Older(Vec<u8>),
}

impl Signed<'_> {
    /// Whether the signature is V3, which covers headers. The older one does not: where it is, headers must not be listened to.
    pub fn is_v3(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == "authorization")
    }

    pub(super) fn claim(&self) -> Result<Claim, Denied> {
        if self.is_v3() { self.v3() } else { self.older() }
    }

    /// The one value of a header. Of two, a proxy may have listened to the other one.
    fn header(&self, name: &str) -> Result<Option<&str>, Denied> {
        let mut values = self.headers.iter().filter(|(given, _)| *given == name).map(|(_, value)| value.trim());
        let first = values.next();
        if values.next().is_some() {
            return Err(Denied::Incomplete("a header that is signed must not be given twice"));
        }
        Ok(first)
    }

    fn v3(&self) -> Result<Claim, Denied> {
        let form = "Authorization must be ACS3-HMAC-SHA256 Credential=ID,SignedHeaders=a;b,Signature=HEX";
        let wrong = || Denied::Incomplete(form);
        let (scheme, fields) = self.header("authorization")?.and_then(|text| text.split_once(' ')).ok_or_else(wrong)?;
        if scheme != V3 {
            return Err(wrong());
        }
        let field = |name: &str| {
            let value =
                fields.split(',').filter_map(|field| field.trim().split_once('=')).find(|(given, _)| *given == name);
            value.map(|(_, value)| value).ok_or_else(wrong)
        };
        let names = field("SignedHeaders")?;
        let signed: Vec<_> = names.split(';').collect();
        if ["host", DATE, NONCE, HASH].iter().any(|name| !signed.contains(name)) {
            return Err(Denied::Incomplete(
                "SignedHeaders must name host, x-acs-date, x-acs-signature-nonce and x-acs-content-sha256",
            ));
        }
        if self.headers.iter().any(|(name, _)| name.starts_with(PREFIX) && !signed.contains(name)) {
            return Err(Denied::Incomplete("SignedHeaders must name all headers x-acs-* of the request"));
        }
        let required = |name: &str| {
            let missing = Denied::Incomplete("a header of SignedHeaders is not in the request");
            self.header(name)?.ok_or(missing)
        };
        let hash = required(HASH)?;
        if !hash.eq_ignore_ascii_case(&hex(&Sha256::digest(self.body))) {
            return Err(Denied::WrongSignature);
        }
        let mut lines = String::new();
        for name in &signed {
            lines += &format!("{name}:{}\n", required(name)?);
        }
        let query = canonical(self.query.iter());
        let request = format!("{}\n{}\n{query}\n{lines}\n{names}\n{hash}", self.method, self.path);
        Ok(Claim {
            key: field("Credential")?.to_owned(),
            moment: required(DATE)?.to_owned(),
            nonce: required(NONCE)?.to_owned(),
            token: self.header(TOKEN)?.filter(|token| !token.is_empty()).map(str::to_owned),
            text: format!("{V3}\n{}", hex(&Sha256::digest(request.as_bytes()))),
            signature: Signature::V3(unhex(field("Signature")?).ok_or_else(wrong)?),
        })
    }

    fn older(&self) -> Result<Claim, Denied> {
        let all = || self.query.iter().chain(self.form);
        let given = |name: &str| {
            let mut values = all().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
            match (values.next(), values.next()) {
                (Some(_), Some(_)) => Err(Denied::Incomplete("a parameter of the signature is given twice")),
                (value, None) => Ok(value.filter(|value| !value.is_empty())),
                (None, Some(_)) => Ok(None),
            }
        };
        let Some(signature) = given("Signature")? else { return Err(Denied::Unsigned) };
        if given("SignatureMethod")? != Some("HMAC-SHA1") || given("SignatureVersion")? != Some("1.0") {
            return Err(Denied::Incomplete("SignatureMethod must be HMAC-SHA1, and SignatureVersion 1.0"));
        }
        let required = |name: &str| {
            let message = "AccessKeyId, SignatureNonce and Timestamp are required with a Signature";
            given(name)?.map(str::to_owned).ok_or(Denied::Incomplete(message))
        };
        let query = canonical(all().filter(|(name, _)| name != "Signature"));
        let escape = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        Ok(Claim {
            key: required("AccessKeyId")?,
            moment: required("Timestamp")?,
            nonce: required("SignatureNonce")?,
            token: given("SecurityToken")?.map(str::to_owned),
            text: format!("{}&{}&{}", self.method, escape(self.path), escape(&query)),
            signature: Signature::Older(
                STANDARD.decode(signature).map_err(|_| Denied::Incomplete("Signature must be base64"))?,
            ),
        })
    }
}

impl Claim {
    /// Whether the signature is that of this secret. The comparison takes the same time wherever they differ.
    pub(super) fn is_made_with(&self, secret: &Secret) -> bool {
        match &self.signature {
            Signature::V3(bytes) => {
                let mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes());
                mac.is_ok_and(|mac| mac.chain_update(&self.text).verify_slice(bytes).is_ok())
            }
            Signature::Older(bytes) => {
                let mac = Hmac::<Sha1>::new_from_slice(format!("{}&", secret.reveal()).as_bytes());
                mac.is_ok_and(|mac| mac.chain_update(&self.text).verify_slice(bytes).is_ok())
            }
        }
    }
}

/// Parameters encoded and in order.
fn canonical<'a>(pairs: impl Iterator<Item = &'a (String, String)>) -> String {
    let escape = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (escape(name), escape(value))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<_> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    digits
        .len()
        .is_multiple_of(2)
        .then(|| digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect())
}

/// For the tests of other rooms: parameters with all that the older signature needs, signed.
#[cfg(test)]
pub(crate) fn sign(
    method: &str,
    key: &str,
    secret: &str,
    nonce: &str,
    parameters: &[(&str, &str)],
) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut pairs: Vec<_> = parameters.iter().map(own).collect();
    let now = crate::task::Timestamp::now().to_string();
    let protocol = [("AccessKeyId", key), ("SignatureNonce", nonce), ("Timestamp", &now)];
    pairs.extend(protocol.iter().chain(&[("SignatureMethod", "HMAC-SHA1"), ("SignatureVersion", "1.0")]).map(own));
    let escape = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let text = format!("{method}&%2F&{}", escape(&canonical(pairs.iter())));
    let mac = Hmac::<Sha1>::new_from_slice(format!("{secret}&").as_bytes()).unwrap().chain_update(text);
    pairs.push(("Signature".into(), STANDARD.encode(mac.finalize().into_bytes())));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Access, Caller, Key, KeyConfig};
    use crate::task::Timestamp;

    type Pairs = Vec<(String, String)>;

    fn pairs(given: &[(&str, &str)]) -> Pairs {
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const AUTHORIZATION: &str = "ACS3-HMAC-SHA256 Credential=AKTEST,SignedHeaders=accept;host;user-agent;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=7236dae4275a4ddf6c4ae770cce4d189faaece51d1fbf9ec109efc0097386738";

    /// A request as the vendor's SDK sent it.
    const HEADERS: &[(&str, &str)] = &[
        ("host", "127.0.0.1:39615"),
        ("x-acs-version", "2020-09-30"),
        ("x-acs-action", "CreateMediaConvertTask"),
        ("user-agent", "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2"),
        ("x-acs-date", "2026-11-22T17:28:21Z"),
        ("x-acs-signature-nonce", "7342cecc12f6c2d97da6a8fbcbf76772"),
        ("accept", "application/json"),
        ("x-acs-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("x-acs-credentials-provider", "static_ak"),
        ("authorization", AUTHORIZATION),
    ];

    fn query() -> Pairs {
        pairs(&[
            ("Notification", r#"{"MNS":{"TopicName":"t"}}"#),
            ("ProjectName", "test-project"),
            (
                "Sources",
                r#"[{"Duration":10,"StartTime":5,"Subtitles":[],"URI":"oss://b/Shushan Commercial Building.mov"}]"#,
            ),
            ("UserData", r#"{"k":1}"#),
            ("Tags", r#"{"a":"b"}"#),
            (
                "Targets",
                r#"[{"Container":"mp4","URI":"oss://b/o-{resolution}.{autoext}","Video":{"FilterVideo":{"Delogos":[{"Dx":0.05,"Dy":0.1,"Height":1.0,"ReferPos":"bottomright","Width":600}],"Watermarks":[{"Content":"智能 媒体","Dx":1,"Dy":1.0,"FontSize":100,"Type":"text"}]},"TranscodeVideo":{"CRF":24,"Codec":"h264"}}}]"#,
            ),
        ])
    }

    fn v3<'a>(query: &'a Pairs, headers: &'a [(&'a str, &'a str)], body: &'a [u8]) -> Signed<'a> {
        Signed { method: "POST", path: "/", query, form: &[], headers, body }
    }

    fn is_right(request: &Signed<'_>, secret: &str) -> Result<bool, Denied> {
        Ok(request.claim()?.is_made_with(&secret.into()))
    }

    #[test]
    fn what_the_vendors_sdk_signed_is_right() {
        let query = query();
        let request = v3(&query, HEADERS, b"");
        assert_eq!(is_right(&request, "SKTEST"), Ok(true));
        assert_eq!(is_right(&request, "SKTESU"), Ok(false));
        let claim = request.claim().unwrap();
        assert_eq!((claim.key.as_str(), claim.token), ("AKTEST", None));
        assert_eq!(is_right(&Signed { method: "GET", ..request }, "SKTEST"), Ok(false));
        assert_eq!(is_right(&Signed { path: "/x", ..request }, "SKTEST"), Ok(false));
        assert_eq!(is_right(&Signed { body: b"x", ..request }, "SKTEST"), Err(Denied::WrongSignature));
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        for index in 0..query().len() {
            let mut changed = query();
            changed[index].1.push(' ');
            assert_eq!(is_right(&v3(&changed, HEADERS, b""), "SKTEST"), Ok(false), "{index}");
        }
        let query = query();
        for (index, (name, _)) in HEADERS.iter().enumerate().filter(|(_, (name, _))| *name != "authorization") {
            let mut changed = HEADERS.to_vec();
            changed[index].1 = "other";
            assert_ne!(is_right(&v3(&query, &changed, b""), "SKTEST"), Ok(true), "{name}");
            changed[index].0 = "other";
            assert!(matches!(is_right(&v3(&query, &changed, b""), "SKTEST"), Err(Denied::Incomplete(_))), "{name}");
            let mut twice = HEADERS.to_vec();
            twice.push(HEADERS[index]);
            assert!(matches!(is_right(&v3(&query, &twice, b""), "SKTEST"), Err(Denied::Incomplete(_))), "{name}");
        }
        // A header that is not signed could have been added by anybody.
        let mut more = HEADERS.to_vec();
        more.push(("x-acs-security-token", "t"));
        assert!(matches!(is_right(&v3(&query, &more, b""), "SKTEST"), Err(Denied::Incomplete(_))));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let query = query();
        let last = HEADERS.len() - 1;
        for wrong in [
            "",
            "Bearer x",
            "ACS3-HMAC-SHA256",
            "ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=00",
            &AUTHORIZATION.replace("Credential", "Key"),
            &AUTHORIZATION.replace("host;", ""),
            &AUTHORIZATION.replace("x-acs-date;", ""),
            &AUTHORIZATION.replace(";x-acs-version", ""),
            &AUTHORIZATION.replace("accept;", "accept;other;"),
            &AUTHORIZATION.replace("7236", "723"),
            &AUTHORIZATION.replace("7236", "x236"),
        ] {
            let mut headers = HEADERS.to_vec();
            headers[last].1 = wrong;
            assert!(matches!(is_right(&v3(&query, &headers, b""), "SKTEST"), Err(Denied::Incomplete(_))), "{wrong}");
        }
        let mut short = HEADERS.to_vec();
        let cut = &AUTHORIZATION[..AUTHORIZATION.len() - 32];
        short[last].1 = cut;
        assert_eq!(is_right(&v3(&query, &short, b""), "SKTEST"), Ok(false));
    }

    /// The example of the vendor's help pages.
    fn older() -> Pairs {
        pairs(&[
            ("Timestamp", "2016-02-23T12:46:24Z"),
            ("Format", "XML"),
            ("AccessKeyId", "testid"),
            ("Action", "DescribeRegions"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
            ("Version", "2014-05-26"),
            ("SignatureVersion", "1.0"),
            ("Signature", "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
        ])
    }

    fn of_older<'a>(method: &'a str, query: &'a [(String, String)], form: &'a [(String, String)]) -> Signed<'a> {
        Signed { method, path: "/", query, form, headers: &[], body: b"" }
    }

    #[test]
    fn the_older_signature_covers_query_and_form() {
        let all = older();
        assert_eq!(is_right(&of_older("GET", &all, &[]), "testsecret"), Ok(true));
        assert_eq!(is_right(&of_older("GET", &all[..4], &all[4..]), "testsecret"), Ok(true));
        assert_eq!(is_right(&of_older("POST", &all, &[]), "testsecret"), Ok(false));
        assert_eq!(is_right(&of_older("GET", &all, &[]), "testsecres"), Ok(false));
        for index in 0..all.len() {
            let mut changed = older();
            changed[index].1.push('x');
            assert_ne!(is_right(&of_older("GET", &changed, &[]), "testsecret"), Ok(true), "{index}");
            changed.remove(index);
            assert_ne!(is_right(&of_older("GET", &changed, &[]), "testsecret"), Ok(true), "{index}");
            let twice = [older(), vec![older()[index].clone()]].concat();
            assert_ne!(is_right(&of_older("GET", &twice, &[]), "testsecret"), Ok(true), "{index}");
        }
        assert_eq!(of_older("GET", &all[..8], &[]).claim().unwrap_err(), Denied::Unsigned);
    }

    #[test]
    fn a_signed_request_is_taken_once_and_soon() {
        let access = |token: Option<&str>| {
            // Shorter than a configuration may have it, as the vendor's example is.
            let long =
                KeyConfig { id: "testid".into(), secret: Some("0123456789abcdef".into()), ..KeyConfig::default() };
            let key = Key { secret: "testsecret".into(), token: token.map(Secret::from), ..long.read().unwrap() };
            Access { keys: vec![key.into()] }
        };
        let query = older();
        let request = of_older("GET", &query, &[]);
        let at = |text| Timestamp::parse(text).unwrap();
        let near = at("2016-02-23T12:50:00Z");
        let open = access(None);
        assert_eq!(open.signed(&request, at("2016-02-23T13:01:25Z")).unwrap_err(), Denied::Expired);
        assert_eq!(open.signed(&request, at("2016-02-23T12:31:23Z")).unwrap_err(), Denied::Expired);
        assert!(matches!(open.signed(&request, near), Ok(Caller::Key(_))));
        assert_eq!(open.signed(&request, near).unwrap_err(), Denied::UsedNonce);
        assert_eq!(access(Some("t")).signed(&request, near).unwrap_err(), Denied::NoToken);
        let mut other = older();
        other[2].1 = "other".into();
        assert_eq!(open.signed(&of_older("GET", &other, &[]), near).unwrap_err(), Denied::UnknownKey);
        // A wrong signature uses up no nonce.
        let fresh = access(None);
        assert_eq!(fresh.signed(&of_older("POST", &query, &[]), near).unwrap_err(), Denied::WrongSignature);
        assert!(fresh.signed(&request, near).is_ok());
    }
}
