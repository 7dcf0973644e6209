//! `wasmux cancel` and `wasmux retry`.

use clap::Args;

use super::client::{Client, REQUEST_TIME, ServerArgs};
use super::{Stop, print_line};
use crate::api::{CancelDone, SubmitAnswer};
use crate::task::{ErrorCode, TaskId};

#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    /// Id of the task.
    #[arg(value_name = "ID")]
    id: TaskId,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// Id of the task that failed or was cancelled.
    #[arg(value_name = "ID")]
    id: TaskId,
    #[command(flatten)]
    server: ServerArgs,
}

/// Prints the id of the new task.
pub(super) fn retry(args: &RetryArgs) -> Result<(), Stop> {
    let client = Client::new(&args.server);
    let answer = client.post(&format!("/v1/tasks/{}/retry", args.id), &[], REQUEST_TIME)?;
    let SubmitAnswer { task_id, .. } = client.read(&answer)?;
    print_line(&task_id.to_string())
}

pub(super) fn run(args: &CancelArgs) -> Result<(), Stop> {
    let client = Client::new(&args.server);
    let answer = client.post(&format!("/v1/tasks/{}/cancel", args.id), &[], REQUEST_TIME)?;
    let done: CancelDone = client.read(&answer)?;
    let how = if done.state == ErrorCode::Canceled.name() { "is cancelled" } else { "is being stopped" };
    print_line(&format!("{} {how}", args.id))
}
