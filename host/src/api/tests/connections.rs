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
