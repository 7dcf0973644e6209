//! `wasmux plugin check`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::app::{App, AppConfig};
use crate::cli::{CacheArgs, Stop, local, print_json, print_line};
use crate::sandbox::{Formats, MAX_COMPONENT_BYTES, PluginReport};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The component.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print it as JSON, with the whole schema of its parameters.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cache: CacheArgs,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), Stop> {
    let app = open(&args.file, &args.cache, local())?;
    let judged = app.examine(&args.file);
    if args.json {
        print_json(&match &judged {
            Ok(report) => json!({"Usable": true, "Plugin": report}),
            Err(reason) => json!({"Usable": false, "Reason": reason}),
        })?;
    }
    let report = judged.map_err(|reason| unusable(&args.file, &reason))?;
    if args.json { Ok(()) } else { print_report(&args.file, &report) }
}

/// An application that has this component among its plugins, whatever is wrong with it.
pub(super) fn open(file: &Path, cache: &CacheArgs, config: AppConfig) -> Result<App, Stop> {
    // That there is no such file is no fault of a component.
    if let Err(error) = std::fs::File::open(file) {
        return Err(Stop::Usage(format!("{}: {error}", file.display())));
    }
    let (plugin_files, cache_folder) = (vec![file.to_owned()], cache.folder());
    App::open(AppConfig { plugin_files, cache_folder, ..config }).map_err(Stop::Usage)
}

/// Why this host cannot run it.
pub(super) fn unusable(file: &Path, reason: &str) -> Stop {
    Stop::Unusable(format!("{} cannot be used: {reason}", file.display()))
}

pub(super) fn print_report(file: &Path, report: &PluginReport) -> Result<(), Stop> {
    print_line(lines(file, report).trim_end())
}

fn lines(file: &Path, report: &PluginReport) -> String {
    let info = &report.info;
    let mut text = format!("{} can be used by this host\n", info.id);
    let mut line = |name: &str, value: &str| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {name:<11}{value}");
    };
    line("file", &format!("{}, {} bytes", file.display(), report.size));
    if report.size > MAX_COMPONENT_BYTES {
        let size = report.size;
        line(
            "service",
            &format!("takes it where max_component_bytes of [plugins] is at least {size}, not {MAX_COMPONENT_BYTES}"),
        );
    }
    line("digest", &info.id.digest);
    line("world", &info.world);
    line("sdk", if info.sdk.is_empty() { "not told" } else { &info.sdk });
    for (index, import) in report.imports.iter().enumerate() {
        line(if index == 0 { "imports" } else { "" }, import);
    }
    if let Some(formats) = &report.formats {
        line("pictures", &pictures(formats));
        line("frames", if info.stateless { "each by itself" } else { "in their order: it keeps state between them" });
        let parameters = info.parameters.as_ref().map(parameters).unwrap_or_default();
        for (index, parameter) in parameters.iter().enumerate() {
            line(if index == 0 { "parameters" } else { "" }, parameter);
        }
        if parameters.is_empty() {
            line("parameters", "none are described");
        }
    }
    text
}

fn pictures(formats: &Formats) -> String {
    let bits: Vec<_> = formats.bit_depths.iter().map(ToString::to_string).collect();
    let alpha = if formats.alpha { "with or without" } else { "without" };
    format!("{} bit, chroma {}, {alpha} alpha", bits.join(" or "), formats.chroma.join(" or "))
}

/// A line for each property of a schema's top.
fn parameters(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let described = properties.into_iter().flatten().map(|(name, property)| {
        let mut facts: Vec<String> =
            property.get("type").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
        for (keyword, word) in
            [("enum", "one of"), ("minimum", "at least"), ("maximum", "at most"), ("default", "default")]
        {
            facts.extend(property.get(keyword).map(|value| format!("{word} {value}")));
        }
        if required.is_some_and(|required| required.iter().any(|other| other == name)) {
            facts.push("required".to_owned());
        }
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
        let description = property.get("description").and_then(Value::as_str);
        format!("{name}{facts}{}", description.map(|text| format!(": {text}")).unwrap_or_default())
    });
    described.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_shown_by_its_properties() {
        let schema = json!({
            "required": ["Mode"],
            "properties": {
                "Mode": {"enum": ["a", "b"]},
                "Strength": {"description": "How dark.", "type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
            }
        });
        assert_eq!(
            parameters(&schema),
            [
                r#"Mode (one of ["a","b"], required)"#,
                "Strength (number, at least 0, at most 1, default 0.5): How dark."
            ]
        );
        assert!(parameters(&json!(true)).is_empty());
    }
}
