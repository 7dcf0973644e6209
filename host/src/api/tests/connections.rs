use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::fakes::{Rig, runtime};
use crate::api::{Api, serve};

type Server = JoinHandle<std::io::Result<()>>;

fn start(runtime: &Runtime, api: Api) -> (SocketAddr, oneshot::Sender<()>, Server) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = runtime.spawn(serve(listener, api, async move { drop(stopped.await) }));
    (address, stop, server)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// What a connection says until it is closed.
fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn requests_in_flight_are_ended_and_idle_connections_closed() {
    let (queue, _, api) = Rig::api();
    let runtime = runtime();
    let (address, stop, server) = start(&runtime, api);
    let (come, came) = channel();
    let (go, gone) = channel();
    *queue.gate.lock().unwrap() = Some((come, gone));
    let mut idle = connect(address);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut asked = connect(address);
    asked.write_all(b"GET /v1/tasks HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    came.recv_timeout(Duration::from_secs(20)).unwrap();
    stop.send(()).unwrap();
    // The idle one is closed first, while the other still waits.
    let answer = rest(idle);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(TcpStream::connect(address).is_err());
    go.send(()).unwrap();
    let answer = rest(asked);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"Tasks\":[]"), "{answer}");
    runtime.block_on(server).unwrap().unwrap();
}

#[test]
fn a_request_that_never_ends_is_cut_off() {
    let (queue, _, api) = Rig::api();
    let runtime = runtime();
    let (address, stop, server) = start(&runtime, api);
    let (come, came) = channel();
    let (go, gone) = channel();
    *queue.gate.lock().unwrap() = Some((come, gone));
    let mut asked = connect(address);
    asked.write_all(b"GET /v1/tasks HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    came.recv_timeout(Duration::from_secs(20)).unwrap();
    stop.send(()).unwrap();
    runtime.block_on(server).unwrap().unwrap();
    assert_eq!(rest(asked), "");
    go.send(()).unwrap();
}

#[test]
fn a_request_line_of_nearly_64_kib_is_taken() {
    let (_, _, api) = Rig::api();
    let runtime = runtime();
    let (address, _stop, _server) = start(&runtime, api);
    let ask = |filler: usize| {
        let mut asked = connect(address);
        let target = format!("/?Action=GetTask&Version=2020-09-30&Filler={}", "x".repeat(filler));
        write!(asked, "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        (target.len(), rest(asked))
    };
    let (length, answer) = ask(65_000);
    assert!(length > 65_000 && answer.contains("Filler is no parameter of GetTask"), "{answer}");
    // A target that the HTTP crate cannot hold is refused, and the server goes on.
    assert!(ask(70_000).1.starts_with("HTTP/1.1 414 "));
    assert!(ask(1).1.starts_with("HTTP/1.1 400 "));
}
