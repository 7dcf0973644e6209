//! `wasmux cancel`.

use clap::Args;

use super::client::{Client, REQUEST_TIME, ServerArgs};
use super::{Stop, print_line};
use crate::api::CancelDone;
use crate::task::{ErrorCode, TaskId};

#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    /// Id of the task.
    #[arg(value_name = "ID")]
    id: TaskId,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &CancelArgs) -> Result<(), Stop> {
    let client = Client::new(&args.server);
    let answer = client.post(&format!("/v1/tasks/{}/cancel", args.id), &[], REQUEST_TIME)?;
    let done: CancelDone = client.read(&answer)?;
    let how = if done.state == ErrorCode::Canceled.name() { "is cancelled" } else { "is being stopped" };
    print_line(&format!("{} {how}", args.id))
}
