//! `wasmux template`: what tasks of a project of a server can begin with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, REQUEST_TIME, ServerArgs, plain};
use super::project::name;
use super::run::read_request;
use super::status::print_indented;
use super::submit::refusal;
use super::{Stop, print_line};

#[derive(Debug, Args)]
pub(super) struct TemplateCommands {
    #[command(subcommand)]
    command: TemplateCommand,
}

#[derive(Debug, Subcommand)]
enum TemplateCommand {
    /// List the templates of a project.
    List(ListArgs),
    /// Print what tasks of a template begin with: a request, as JSON.
    Show(NamedArgs),
    /// Make a template, or put another request in its place.
    Put(PutArgs),
    /// Remove a template; tasks that began with it stay as they are.
    Remove(NamedArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The project.
    #[arg(value_name = "PROJECT", value_parser = name)]
    project: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct NamedArgs {
    /// The project.
    #[arg(value_name = "PROJECT", value_parser = name)]
    project: String,
    /// Name of the template.
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct PutArgs {
    #[command(flatten)]
    named: NamedArgs,
    /// Any fields of a request but ProjectName: a JSON file, or - for standard input.
    #[arg(value_name = "REQUEST.json")]
    request: PathBuf,
}

impl NamedArgs {
    fn path(&self) -> String {
        format!("/v1/projects/{}/templates/{}", self.project, self.name)
    }
}

pub(super) fn run(args: &TemplateCommands) -> Result<(), Stop> {
    match &args.command {
        TemplateCommand::List(args) => list(args),
        TemplateCommand::Show(args) => show(args),
        TemplateCommand::Put(args) => put(args),
        TemplateCommand::Remove(args) => {
            Client::new(&args.server).delete(&args.path(), REQUEST_TIME)?;
            print_line(&format!("{} removed from {}", args.name, args.project))
        }
    }
}

fn list(args: &ListArgs) -> Result<(), Stop> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Listed {
        template_name: String,
        update_time: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        templates: Vec<Listed>,
    }
    let client = Client::new(&args.server);
    let answer = client.get(&format!("/v1/projects/{}/templates", args.project), REQUEST_TIME)?;
    let Answer { templates } = client.read(&answer)?;
    for Listed { template_name, update_time } in templates {
        print_line(&plain(&format!("{template_name:<24} {update_time}")))?;
    }
    Ok(())
}

fn show(args: &NamedArgs) -> Result<(), Stop> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        request: Value,
    }
    let client = Client::new(&args.server);
    let Answer { request } = client.read(&client.get(&args.path(), REQUEST_TIME)?)?;
    print_indented(&request.to_string())
}

fn put(args: &PutArgs) -> Result<(), Stop> {
    let request = read_request(&args.request)?;
    let client = Client::new(&args.named.server);
    let put = client.put(&args.named.path(), &request, REQUEST_TIME);
    let how = if put.map_err(|problem| refusal(&args.request, problem))?.is_new { "made" } else { "changed" };
    print_line(&format!("{} of {} {how}", args.named.name, args.named.project))
}
