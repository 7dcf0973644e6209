//! `wasmux worker`: one task of a service, in a process that restricts itself first.

use std::io::{self, Read};
use std::process::ExitCode;
use std::thread;

use crate::app;
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
    let watch = thread::Builder::new().name("service-watch".into()).spawn(end_with_the_service);
    watch.map_err(|error| format!("no thread could be started: {error}"))?;
    app::work(job)
}

/// The service holds the other end of standard input. When that is closed, nobody wants this work any more.
#[expect(clippy::disallowed_methods, reason = "a worker has nothing to clean up: its service removes what it staged")]
fn end_with_the_service() {
    let mut nothing = [0];
    loop {
        match io::stdin().lock().read(&mut nothing) {
            Ok(0) => break,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
            _ => {}
        }
    }
    std::process::exit(0);
}
