//! Connections: taken in, limited, and ended in good order.

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Api;
use super::admit::Peer;
use super::tls::{self, Tls};

/// Connections at the same time; more wait until one of these ends.
const MAX_CONNECTIONS: usize = 512;
/// How long a client may take to send the head of a request, and to leave its connection idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long requests in flight may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(5);
/// Wait after a failed accept: with no file descriptor left, trying at once would only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take to agree on keys.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Serves until `shutdown` is ready. Then nothing more is accepted, and requests in flight are ended, but cut off after 5 s.
///
/// # Errors
///
/// Where the listener is unusable from the start. A failed accept is logged and tried again.
pub async fn serve(
    listener: TcpListener,
    api: Api,
    tls: Option<Arc<Tls>>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.local_addr()?;
    let router = api.router();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    // Ends when it is dropped.
    let mut looking = JoinSet::new();
    if let Some(tls) = tls.clone() {
        looking.spawn(async move {
            loop {
                tokio::time::sleep(tls::LOOK).await;
                tls.refresh();
            }
        });
    }
    loop {
        // Whatever happens first; the end of connections only makes room.
        let accepted = std::future::poll_fn(|cx| {
            if shutdown.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            while let Poll::Ready(Some(_)) = connections.poll_join_next(cx) {}
            if connections.len() >= MAX_CONNECTIONS {
                return Poll::Pending;
            }
            Poll::Ready(Some(ready!(listener.poll_accept(cx))))
        });
        match accepted.await {
            None => break,
            Some(Ok((stream, peer))) => {
                set_options(&stream);
                let (router, http, watcher) = (router.clone(), http.clone(), graceful.watcher());
                let acceptor = tls.as_ref().map(|tls| tls.acceptor());
                connections.spawn(async move {
                    let ended = match acceptor {
                        None => converse(&http, stream, router, peer.ip(), watcher).await,
                        Some(acceptor) => match tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
                            Ok(Ok(stream)) => converse(&http, stream, router, peer.ip(), watcher).await,
                            Ok(Err(error)) => Err(error.to_string()),
                            Err(_) => Err("no agreement on keys in time".to_owned()),
                        },
                    };
                    if let Err(error) = ended {
                        tracing::debug!(error, "a connection ended early");
                    }
                });
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, looking));
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were cut off by the shutdown");
    }
    // Dropping the set ends what is left.
    Ok(())
}

/// Answers the requests of one connection until it ends. The error is a sentence.
async fn converse(
    http: &http1::Builder,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    router: Router,
    peer: IpAddr,
    watcher: Watcher,
) -> Result<(), String> {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await.map_err(|error| error.to_string())
}

/// Answers are small and whole: waiting for more to send would only delay them.
fn set_options(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
}
