//! `wasmux worker`: one task of a service, in a process that restricts itself first.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use crate::app;
use crate::store::Link;
use crate::supervise::{Report, confine, receive, report};

/// Reads the job from standard input, restricts the process, does the job, reports on standard output.
pub(super) fn run() -> ExitCode {
    match try_run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("wasmux worker: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn try_run() -> Result<(), String> {
    let job = receive(io::stdin().lock())?;
    let state = confine(&job.confinement)?;
    report(&Report::Confined(state)).map_err(|error| format!("the service is gone: {error}"))?;
    let socket = io::stdin().as_fd().try_clone_to_owned();
    let socket = socket.map_err(|error| format!("standard input cannot be used: {error}"))?;
    let service = Link::new(UnixStream::from(socket));
    let answers = Arc::clone(&service);
    let watch = thread::Builder::new().name("service-watch".into()).spawn(move || end_with_the_service(&answers));
    watch.map_err(|error| format!("no thread could be started: {error}"))?;
    app::work(job, service)
}

/// The service holds the other end of standard input, and answers there what the worker asks. When that is closed, nobody wants this work any more.
#[expect(clippy::disallowed_methods, reason = "a worker has nothing to clean up: its service removes what it staged")]
fn end_with_the_service(service: &Link) {
    service.listen(io::stdin().lock());
    std::process::exit(0);
}
