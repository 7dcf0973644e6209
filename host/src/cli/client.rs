//! What the commands that talk to a server share: one agent, its limits, and its answers as text.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use ureq::http::{StatusCode, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error, RequestBuilder};

use super::Stop;
use crate::access::Secret;
use crate::api::{ErrorAnswer, TaskAnswer};
use crate::task::{Failure, TaskId};

/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long a request may take as a whole.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(60);
/// The same of one that makes the server plan a task.
pub(super) const PLAN_TIME: Duration = Duration::from_secs(120);
/// Longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The server.
    #[arg(long, value_name = "URL", env = "WASMUX_SERVER", default_value = "http://127.0.0.1:8765", value_parser = server)]
    server: String,
    /// The secret of a key of the server, where it has keys.
    #[arg(long, value_name = "SECRET", env = "WASMUX_TOKEN", hide_env_values = true)]
    token: Option<Secret>,
    /// Certificates as PEM, of which one has to vouch for an https server; default: those that browsers know.
    #[arg(long, value_name = "FILE", env = "WASMUX_CA", value_parser = authorities)]
    ca: Option<Authorities>,
}

/// Who vouches for a server.
#[derive(Debug, Clone)]
struct Authorities(Vec<Certificate<'static>>);

fn authorities(path: &str) -> Result<Authorities, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err("there is no CERTIFICATE in it".into()) } else { Ok(Authorities(found)) }
}

/// `http://HOST:PORT` or `https://HOST:PORT`, perhaps with a path before the routes.
fn server(text: &str) -> Result<String, String> {
    let wrong = || "write http://HOST:PORT or https://HOST:PORT, such as http://127.0.0.1:8765".to_owned();
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let plain = uri.authority().is_some_and(|host| !host.host().is_empty() && !host.as_str().contains('@'));
    if !matches!(uri.scheme_str(), Some("http" | "https")) || !plain || uri.query().is_some() {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Why there is no answer to work with.
#[derive(Debug)]
pub(super) enum Problem {
    /// The server is not there, or did not answer in time.
    Silent(String),
    /// The server says no.
    Refused(Box<Refused>),
    /// What answers is no wasmux, or one of another version.
    Strange(String),
}

/// An answer that says no.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Refused {
    #[serde(skip)]
    status: u16,
    request_id: String,
    code: String,
    pub(super) message: String,
    recommend: String,
    faults: Vec<IgnoredAny>,
    error: Option<ErrorAnswer>,
}

impl Refused {
    /// How many faults the request has; 0 when it is refused for another reason.
    pub(super) fn faults(&self) -> usize {
        self.faults.len()
    }

    /// Whether the server could not, rather than would not.
    pub(super) fn is_servers_fault(&self) -> bool {
        self.status >= 500
    }

    fn text(self) -> String {
        if let Some(error) = self.error {
            return Failure::from(error).to_string();
        }
        let mut text = format!("{} [{}]", self.message, self.code);
        if self.is_servers_fault() {
            text += &format!(", RequestId {}", self.request_id);
        }
        if !self.recommend.is_empty() {
            text += &format!("\n{}", self.recommend);
        }
        text
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Server(plain(&match problem {
            Problem::Silent(text) | Problem::Strange(text) => text,
            Problem::Refused(refused) => refused.text(),
        }))
    }
}

/// How a put went.
pub(super) struct Put {
    /// There was nothing before.
    pub(super) is_new: bool,
}

/// A server.
pub(super) struct Client {
    agent: Agent,
    base: String,
    token: Option<Secret>,
}

impl Client {
    pub(super) fn new(args: &ServerArgs) -> Self {
        let roots = match &args.ca {
            Some(authorities) => RootCerts::new_with_certs(&authorities.0),
            None => RootCerts::WebPki,
        };
        let config = Agent::config_builder()
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_global(Some(REQUEST_TIME))
            // The bodies of refusals are wanted.
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            // A proxy of the environment knows nothing of a server on this machine.
            .proxy(None)
            .build();
        Self { agent: config.into(), base: args.server.clone(), token: args.token.clone() }
    }

    /// A request with the secret, if there is one.
    fn open<B>(&self, request: RequestBuilder<B>, within: Duration) -> RequestBuilder<B> {
        let request = request.config().timeout_global(Some(within)).build();
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {}", token.reveal())),
            None => request,
        }
    }

    /// One task.
    pub(super) fn task(&self, id: TaskId, within: Duration) -> Result<TaskAnswer, Problem> {
        self.read(&self.get(&format!("/v1/tasks/{id}"), within)?)
    }

    /// The body of a successful answer.
    pub(super) fn get(&self, path: &str, within: Duration) -> Result<Vec<u8>, Problem> {
        let request = self.open(self.agent.get(format!("{}{path}", self.base)), within);
        self.judge(request.call(), within)
    }

    /// The same after sending a body.
    pub(super) fn post(&self, path: &str, body: &[u8], within: Duration) -> Result<Vec<u8>, Problem> {
        let request = self.open(self.agent.post(format!("{}{path}", self.base)), within);
        self.judge(request.content_type("application/json").send(body), within)
    }

    /// Puts JSON at this path.
    pub(super) fn put(&self, path: &str, body: &[u8], within: Duration) -> Result<Put, Problem> {
        let request = self.open(self.agent.put(format!("{}{path}", self.base)), within);
        let answer = request.content_type("application/json").send(body);
        let is_new = answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::CREATED);
        self.judge(answer, within)?;
        Ok(Put { is_new })
    }

    /// The same as a get after sending a component.
    pub(super) fn put_component(&self, path: &str, component: &[u8], within: Duration) -> Result<Vec<u8>, Problem> {
        let request = self.open(self.agent.put(format!("{}{path}", self.base)), within);
        // A server that refuses it says so before it is sent, and not into a connection that breaks.
        let request = request.content_type("application/wasm").header("Expect", "100-continue");
        self.judge(request.send(component), within)
    }

    /// The same after asking to remove what is at this path.
    pub(super) fn delete(&self, path: &str, within: Duration) -> Result<Vec<u8>, Problem> {
        let request = self.open(self.agent.delete(format!("{}{path}", self.base)), within);
        self.judge(request.call(), within)
    }

    /// An answer of the form that is expected.
    pub(super) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Problem> {
        serde_json::from_slice(body).map_err(|error| self.strange(&error.to_string()))
    }

    fn judge(&self, answer: Result<ureq::http::Response<Body>, Error>, within: Duration) -> Result<Vec<u8>, Problem> {
        let mut answer = answer.map_err(|error| self.failed(error, within))?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let body = body.map_err(|error| self.failed(error, within))?;
        if status.is_success() {
            return Ok(body);
        }
        match serde_json::from_slice::<Refused>(&body) {
            Ok(refused) if !refused.code.is_empty() => {
                Err(Problem::Refused(Box::new(Refused { status: status.as_u16(), ..refused })))
            }
            _ => Err(self.strange(&format!("it says {status}"))),
        }
    }

    fn strange(&self, why: &str) -> Problem {
        Problem::Strange(format!("{} answers, but not as wasmux does: {why}", self.base))
    }

    fn failed(&self, error: Error, within: Duration) -> Problem {
        let mut hint = "; start it with wasmux serve";
        let reason = match error {
            Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            Error::HostNotFound => "there is no such host".to_owned(),
            Error::Timeout(_) => {
                hint = "";
                format!("nothing came within {} s", within.as_secs())
            }
            Error::Io(error) => {
                hint = "";
                error.to_string()
            }
            Error::ConnectionFailed => "no connection".to_owned(),
            other => return self.strange(&other.to_string()),
        };
        Problem::Silent(format!("{} does not answer: {reason}{hint}", self.base))
    }
}

/// Text of a server for a terminal, which must not take orders from it.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    fn client(server: &str) -> Client {
        Client::new(&ServerArgs { server: server.into(), token: None, ca: None })
    }

    /// A server that gives one answer.
    fn answering(status: &'static str, body: &'static str) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap();
            assert!(head[..read].starts_with(b"GET /v1/x HTTP/1.1\r\n"));
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        });
        client(&format!("http://{address}"))
    }

    fn stop(client: &Client) -> String {
        match client.get("/v1/x", Duration::from_secs(20)).map_err(Stop::from) {
            Err(Stop::Server(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_server_is_a_scheme_and_a_host() {
        assert_eq!(server("https://transcode.example").as_deref(), Ok("https://transcode.example"));
        assert_eq!(server("http://localhost:8765/").as_deref(), Ok("http://localhost:8765"));
        assert_eq!(server("http://[::1]:1/wasmux").as_deref(), Ok("http://[::1]:1/wasmux"));
        for wrong in ["", "localhost", "localhost:8765", "https://", "http://", "http://a@b", "http://x/?y", "ftp://x"]
        {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_named() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = stop(&client(&format!("http://{address}")));
        let expected = "does not answer: connection refused; start it with wasmux serve";
        assert_eq!(text, format!("http://{address} {expected}"));
    }

    #[test]
    fn a_refusal_is_told() {
        let body = r#"{"RequestId":"R","Code":"TaskEnded","Message":"over\u001b[31m","Recommend":"","New":1}"#;
        assert_eq!(stop(&answering("409 Conflict", body)), "over\u{fffd}[31m [TaskEnded]");
        let body = r#"{"RequestId":"R","Code":"InternalError","Message":"the server failed","Recommend":"Again."}"#;
        let text = stop(&answering("500 Internal Server Error", body));
        assert_eq!(text, "the server failed [InternalError], RequestId R\nAgain.");
        let body = r#"{"Code":"SourceNotFound","Message":"m","Error":{"Code":"SourceNotFound","Class":"User",
            "Retryable":false,"Stage":"Probe","Message":"no file"}}"#;
        assert_eq!(stop(&answering("422 Unprocessable", body)), "SourceNotFound at stage Probe: no file");
    }

    #[test]
    fn another_server_is_recognized() {
        assert!(stop(&answering("404 Not Found", "<html>")).contains("not as wasmux does: it says 404"));
        assert!(stop(&answering("302 Found", "")).contains("not as wasmux does"));
        let answer = answering("200 OK", "hello").get("/v1/x", REQUEST_TIME).unwrap();
        assert!(matches!(client("http://x").read::<TaskAnswer>(&answer), Err(Problem::Strange(_))));
    }
}
