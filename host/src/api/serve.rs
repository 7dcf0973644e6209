//! Connections: taken in, limited, and ended in good order.

use std::io;
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Api;

/// Connections at the same time; more wait until one of these ends.
const MAX_CONNECTIONS: usize = 512;
/// How long a client may take to send the head of a request, and to leave its connection idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long requests in flight may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(5);
/// Wait after a failed accept: with no file descriptor left, trying at once would only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is ready. Then nothing more is accepted, and requests in flight are ended, but cut off after 5 s.
///
/// # Errors
///
/// Where the listener is unusable from the start. A failed accept is logged and tried again.
pub async fn serve(
    listener: TcpListener,
    api: Api,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.local_addr()?;
    let router = api.router();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
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
            Some(Ok((stream, _))) => {
                set_options(&stream);
                let service = TowerToHyperService::new(router.clone());
                let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
                connections.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                });
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were cut off by the shutdown");
    }
    // Dropping the set ends what is left.
    Ok(())
}

/// Answers are small and whole: waiting for more to send would only delay them.
fn set_options(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
}
