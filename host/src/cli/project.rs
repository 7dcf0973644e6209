//! `wasmux project`: the projects of a server.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Problem, REQUEST_TIME, ServerArgs, plain};
use super::status::print_indented;
use super::{Stop, print_json, print_line};
use crate::task::project::{NAME_RULE, valid_name};

#[derive(Debug, Args)]
pub(super) struct ProjectCommands {
    #[command(subcommand)]
    command: ProjectCommand,
}

#[derive(Debug, Subcommand)]
enum ProjectCommand {
    /// List the projects of a server.
    List(ListArgs),
    /// Print a project as JSON.
    Show(NamedArgs),
    /// Make a project, or give it other settings: what is not named is as in a new one.
    Put(PutArgs),
    /// Remove a project with its templates, unless it has tasks that have not ended.
    Remove(NamedArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only those whose name begins with this.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, value_parser = prefix)]
    prefix: String,
    /// Print them as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct NamedArgs {
    /// Its name.
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct PutArgs {
    /// Its name.
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    /// A tag; may be given several times.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    #[command(flatten)]
    server: ServerArgs,
}

/// The name of a project or of a template.
pub(super) fn name(text: &str) -> Result<String, String> {
    if valid_name(text) { Ok(text.to_owned()) } else { Err(NAME_RULE.to_owned()) }
}

fn prefix(text: &str) -> Result<String, String> {
    if text.is_empty() { Ok(String::new()) } else { name(text) }
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as team=video")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// What is shown of a project in a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    project_name: String,
    create_time: String,
    description: String,
}

pub(super) fn run(args: &ProjectCommands) -> Result<(), Stop> {
    match &args.command {
        ProjectCommand::List(args) => list(args),
        ProjectCommand::Show(args) => {
            let answer = Client::new(&args.server).get(&path(&args.name), REQUEST_TIME)?;
            print_indented(&String::from_utf8_lossy(&answer))
        }
        ProjectCommand::Put(args) => put(args),
        ProjectCommand::Remove(args) => {
            Client::new(&args.server).delete(&path(&args.name), REQUEST_TIME)?;
            print_line(&format!("{} removed", args.name))
        }
    }
}

fn path(name: &str) -> String {
    format!("/v1/projects/{name}")
}

fn list(args: &ListArgs) -> Result<(), Stop> {
    let projects = all(&Client::new(&args.server), &args.prefix)?;
    if args.json {
        return print_json(&projects);
    }
    for project in projects {
        let Listed { project_name, create_time, description } =
            serde_json::from_value(project).map_err(|error| Stop::Server(error.to_string()))?;
        print_line(plain(&format!("{project_name:<24} {create_time}  {}", description.replace('\n', " "))).trim_end())?;
    }
    Ok(())
}

/// All projects, page after page.
fn all(client: &Client, prefix: &str) -> Result<Vec<Value>, Problem> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page {
        projects: Vec<Value>,
        next_token: String,
    }
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        // Names and tokens have no characters that a query would have to escape.
        let mut path = "/v1/projects?MaxResults=200".to_owned();
        for (field, text) in [("Prefix", prefix), ("NextToken", after.as_str())] {
            if !text.is_empty() {
                path += &format!("&{field}={text}");
            }
        }
        let Page { projects, next_token } = client.read(&client.get(&path, REQUEST_TIME)?)?;
        all.extend(projects);
        if next_token.is_empty() || next_token == after {
            return Ok(all);
        }
        if !valid_name(&next_token) {
            return Err(Problem::Strange(format!("its NextToken `{next_token}` is no name of a project")));
        }
        after = next_token;
    }
}

fn put(args: &PutArgs) -> Result<(), Stop> {
    let tags: Vec<_> = args.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let settings = json!({"Description": args.description, "Tag": tags}).to_string();
    let client = Client::new(&args.server);
    let new = client.put(&path(&args.name), settings.as_bytes(), REQUEST_TIME)?.is_new;
    print_line(&format!("{} {}", args.name, if new { "made" } else { "changed" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_would_refuse_is_not_sent() {
        assert_eq!(name("Films_2-b").as_deref(), Ok("Films_2-b"));
        for wrong in ["", "a/b", "a b", "a?b", "ä", &"x".repeat(129)] {
            assert_eq!(name(wrong).as_deref(), Err(&NAME_RULE.to_owned()), "{wrong}");
        }
        assert_eq!(prefix("").as_deref(), Ok(""));
        assert!(prefix("a&b").is_err());
        assert_eq!(tag("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(tag("a").is_err());
    }
}
