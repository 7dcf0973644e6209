//! A server that speaks S3, and a bad network in front of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ureq::Agent;

use crate::server::PATIENCE;
use crate::target;

/// moto, which `scripts/setup-python.sh` installs, with one bucket `films`. It ends when this is dropped.
pub struct S3 {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    agent: Agent,
}

impl Default for S3 {
    fn default() -> Self {
        let python = target().join("languages/moto/bin/python3");
        assert!(python.is_file(), "{} is missing: run `make test` once, or scripts/setup-python.sh", python.display());
        // It ends with its standard input, however this process ends.
        let script = "import sys; from moto.server import ThreadedMotoServer as S; s = S('127.0.0.1', 0, verbose=False); s.start(); print(s.get_host_and_port()[1], flush=True); sys.stdin.read()";
        let mut command = Command::new(python);
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let address = format!("127.0.0.1:{}", port.trim());
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        let s3 = Self { process, address, agent: agent.into() };
        s3.agent.put(s3.url("")).send_empty().unwrap();
        s3
    }
}

impl S3 {
    fn url(&self, key: &str) -> String {
        format!("http://{}/films/{key}", self.address)
    }

    /// Puts an object there.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let answer = self.agent.put(self.url(key)).send(bytes).unwrap();
        assert!(answer.status().is_success(), "{key}: {}", answer.status());
    }

    /// An object and its media type.
    pub fn get(&self, key: &str) -> Option<(Vec<u8>, String)> {
        // Who it is does not matter, but that it is somebody.
        let who = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let mut answer = self.agent.get(self.url(key)).header("Authorization", who).call().unwrap();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let bytes = answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        answer.status().is_success().then(|| (bytes, kind.unwrap_or_default()))
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        self.listed("?list-type=2")
    }

    /// The keys of uploads that are not completed.
    pub fn uploads(&self) -> Vec<String> {
        self.listed("?uploads")
    }

    fn listed(&self, query: &str) -> Vec<String> {
        let text = self.agent.get(self.url(query)).call().unwrap().body_mut().read_to_string().unwrap();
        text.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned()).collect()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a network does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Nothing.
    Fair,
    /// The server behind it answers 503.
    Overload,
    /// Nothing comes back.
    Stall,
    /// It is cut after so many bytes came back.
    Cut(usize),
}

/// Stands in front of a server, and counts what comes back from it.
pub struct Network {
    /// `127.0.0.1:PORT`.
    pub address: String,
    state: Arc<State>,
}

struct State {
    weather: Mutex<Weather>,
    /// How many more connections it strikes.
    strikes: AtomicUsize,
    /// How many it has struck.
    struck: AtomicUsize,
    returned: AtomicU64,
}

impl Network {
    /// Leads to this address.
    pub fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = Arc::new(State {
            weather: Mutex::new(Weather::Fair),
            strikes: AtomicUsize::new(0),
            struck: AtomicUsize::new(0),
            returned: AtomicU64::new(0),
        });
        let (own, shared, behind) =
            (listener.local_addr().unwrap().to_string(), Arc::clone(&state), address.to_owned());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (state, behind) = (Arc::clone(&shared), behind.clone());
                thread::spawn(move || carry(&state, client, &behind));
            }
        });
        Self { address: own, state }
    }

    /// Strikes the next connections.
    pub fn strike(&self, weather: Weather, connections: usize) {
        *self.state.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
        self.state.struck.store(0, Ordering::SeqCst);
        self.state.strikes.store(connections, Ordering::SeqCst);
    }

    /// How many connections were struck since.
    pub fn struck(&self) -> usize {
        self.state.struck.load(Ordering::SeqCst)
    }

    /// Bytes that came back so far.
    pub fn returned(&self) -> u64 {
        self.state.returned.load(Ordering::SeqCst)
    }
}

/// One request for each connection, so that each can be struck.
fn carry(state: &State, mut client: TcpStream, behind: &str) {
    let take = |left: usize| left.checked_sub(1);
    let struck = state.strikes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok();
    let mut weather = Weather::Fair;
    if struck {
        weather = *state.weather.lock().unwrap_or_else(PoisonError::into_inner);
        state.struck.fetch_add(1, Ordering::SeqCst);
    }
    match weather {
        Weather::Overload => {
            // What was sent is read first: a connection that is closed over it is reset.
            let _ = client.read(&mut [0; 65536]);
            let _ = client.write_all(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = client.shutdown(Shutdown::Write);
            let _ = std::io::copy(&mut client, &mut std::io::sink());
        }
        // Until the other side has enough of it.
        Weather::Stall => drop(std::io::copy(&mut client, &mut std::io::sink())),
        Weather::Fair | Weather::Cut(_) => {
            let Ok(mut server) = TcpStream::connect(behind) else { return };
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            let mut left = if let Weather::Cut(bytes) = weather { bytes } else { usize::MAX };
            let mut buffer = vec![0; 16384];
            while left > 0 {
                let most = left.min(buffer.len());
                let Ok(read @ 1..) = server.read(&mut buffer[..most]) else { break };
                left -= read;
                state.returned.fetch_add(read as u64, Ordering::SeqCst);
                if client.write_all(&buffer[..read]).is_err() {
                    break;
                }
            }
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}
