//! `wasmux submit`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;

use super::client::{Client, PLAN_TIME, Problem, REQUEST_TIME, ServerArgs, plain};
use super::progress::{self, Seen};
use super::run::{print_warnings, read_request, refused, summary};
use super::status::indented;
use super::{Stop, print_line};
use crate::api::{SubmitAnswer, TaskAnswer};
use crate::media::Interrupt;
use crate::task::{Failure, TaskId, Warning};

/// How soon a task is asked for after it was submitted.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// How long is waited between two questions at most.
const LAST_WAIT: Duration = Duration::from_millis(500);
/// How long one question may take.
const ASK_TIME: Duration = Duration::from_secs(10);
/// How long a server may be away, to be started again, until it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    /// The request: a JSON file, or - for standard input.
    #[arg(value_name = "REQUEST.json")]
    request: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    /// Print the id of the task, and do not wait for its end.
    #[arg(long)]
    detach: bool,
    /// Print the plan that the server would make, as JSON, and submit nothing.
    #[arg(long, conflicts_with = "detach")]
    plan: bool,
}

pub(super) fn run(args: &SubmitArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    let request = read_request(&args.request)?;
    let client = Client::new(&args.server);
    let stop = |problem| refusal(&args.request, problem);
    if args.plan {
        let plan = client.post("/v1/plan", &request, PLAN_TIME).map_err(stop)?;
        return print_line(&indented(&String::from_utf8_lossy(&plan)));
    }
    let answer = client.post("/v1/tasks", &request, REQUEST_TIME).map_err(stop)?;
    let SubmitAnswer { task_id: id, warnings, .. } = client.read(&answer)?;
    print_warnings(&warnings);
    if args.detach {
        return print_line(&id.to_string());
    }
    eprintln!("{id}");
    let task = follow(&client, id, interrupt)?;
    let told: HashSet<Warning> = warnings.into_iter().collect();
    print_warnings(task.warnings.iter().filter(|warning| !told.contains(warning)));
    finish(&task)
}

/// What a server says to the request in this file, its faults above all.
pub(super) fn refusal(request: &Path, problem: Problem) -> Stop {
    match problem {
        Problem::Refused(no) if no.faults() > 0 => refused(request.display(), no.faults(), &plain(&no.message)),
        other => other.into(),
    }
}

/// Shows the progress of a task until it has ended.
fn follow(client: &Client, id: TaskId, interrupt: &Interrupt) -> Result<TaskAnswer, Stop> {
    let seen = Mutex::new(Seen::default());
    thread::scope(|scope| {
        let (stop, stopped) = channel::<()>();
        let see = || *seen.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = scope.spawn(move || progress::show(see, &stopped));
        let ended = ask(client, id, interrupt, &seen);
        drop(stop);
        drop(shown.join());
        ended
    })
}

/// Asks for a task until it has ended.
fn ask(client: &Client, id: TaskId, interrupt: &Interrupt, seen: &Mutex<Seen>) -> Result<TaskAnswer, Stop> {
    // Nothing is ever sent: it is there to wait on.
    let (_kept, pause) = channel::<()>();
    let mut wait = FIRST_WAIT;
    let mut away = None;
    loop {
        if waited(&pause, wait, interrupt) {
            return Err(Stop::Left(id));
        }
        wait = (wait * 3 / 2).min(LAST_WAIT);
        match client.task(id, ASK_TIME) {
            Ok(task) => {
                away = None;
                let now = Seen { share: f64::from(task.progress) / 100.0, frames: task.frames };
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
                if task.end_time.is_some() {
                    return Ok(task);
                }
            }
            // The task is kept: a server that is started again goes on with it.
            Err(problem) if may_pass(&problem) => {
                if away.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                    return Err(problem.into());
                }
            }
            Err(problem) => return Err(problem.into()),
        }
    }
}

/// Waits, and says whether it was interrupted.
fn waited(pause: &Receiver<()>, wait: Duration, interrupt: &Interrupt) -> bool {
    if !interrupt.is_triggered() {
        let _ = pause.recv_timeout(wait);
    }
    interrupt.is_triggered()
}

fn may_pass(problem: &Problem) -> bool {
    match problem {
        Problem::Silent(_) => true,
        Problem::Refused(refused) => refused.is_servers_fault(),
        Problem::Strange(_) => false,
    }
}

/// What a task that has ended has made, or why it failed.
fn finish(task: &TaskAnswer) -> Result<(), Stop> {
    if let Some(error) = &task.error {
        return Err(Stop::Server(plain(&Failure::from(error.clone()).to_string())));
    }
    for target in &task.targets {
        if let (Some(uri), Some(facts)) = (&target.uri, &target.facts) {
            print_line(&plain(&format!("{uri}  {}", summary(facts))))?;
        }
    }
    if let Some(end) = task.end_time {
        eprintln!("done in {:.1} s", end.millis().saturating_sub(task.start_time.millis()) as f64 / 1000.0);
    }
    Ok(())
}
