//! Where a configuration comes from: a TOML file, and variables of the environment, which go before it.

use std::path::Path;

use toml::{Table, Value};

use super::ServeConfig;

/// What the names of variables begin with; `__` stands between the names of tables and of the field.
const VARIABLES: &str = "WASMUX_CONFIG__";

/// The whole configuration with its defaults, with comments.
pub const DEFAULT_CONFIG: &str = include_str!("../../../../docs/config.toml");

impl ServeConfig {
    /// Reads a TOML file, if there is one, and the variables that are meant for it. The error is a sentence that names the line or
    /// the variable and what is allowed there.
    pub fn read(path: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> Result<Self, String> {
        let mut table = Table::new();
        let mut read = Self::default();
        if let Some(path) = path {
            let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
            // By itself first, because these errors name the line.
            read = toml::from_str(&text).map_err(|error| named(&error))?;
            table = toml::from_str(&text).map_err(|error| named(&error))?;
        }
        let mut variables: Vec<_> = variables.filter(|(name, _)| name.starts_with(VARIABLES)).collect();
        variables.sort();
        for (name, text) in variables {
            let path: Vec<_> = name[VARIABLES.len()..].split("__").map(str::to_lowercase).collect();
            // Secrets are not shown.
            let shown =
                if path.first().is_some_and(|table| ["keys", "notifications", "buckets"].contains(&table.as_str())) {
                    "..."
                } else {
                    &text
                };
            let failed = |why: &dyn std::fmt::Display| format!("the environment's {name}={shown}: {why}");
            put(&mut table, &path, value(&text)).map_err(|why| failed(&why))?;
            // One by one, so that the one that is wrong is named.
            read = table.clone().try_into().map_err(|error: toml::de::Error| failed(&error.message()))?;
        }
        Ok(read)
    }
}

/// A number, a flag, a list: what TOML takes. Anything else is a text.
fn value(text: &str) -> Value {
    let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok();
    let single = parsed.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    single.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn put(table: &mut Table, path: &[String], value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return Ok(());
    }
    match table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(below) => put(below, rest, value),
        _ => Err(format!("`{first}` is no table")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise::WorkerLimits;

    fn read(variables: &[(&str, &str)]) -> Result<ServeConfig, String> {
        let given = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        ServeConfig::read(None, given)
    }

    #[test]
    fn variables_go_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("serve.toml");
        std::fs::write(&file, "data = \"/a\"\n[workers]\nconcurrency = 2\nthreads = 3\n").unwrap();
        let given = [("WASMUX_CONFIG__WORKERS__CONCURRENCY", "5"), ("WASMUX_CONFIG__DATA", "/b"), ("HOME", "/c")];
        let given = given.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let config = ServeConfig::read(Some(&file), given).unwrap();
        assert_eq!(config.workers, WorkerLimits { concurrency: 5, threads: 3, ..WorkerLimits::default() });
        assert_eq!(config.data.as_deref(), Some(Path::new("/b")));
    }

    #[test]
    fn variables_are_values_of_toml_or_texts() {
        let config = read(&[
            ("WASMUX_CONFIG__ALLOW_ANONYMOUS", "true"),
            ("WASMUX_CONFIG__BUCKETS", "[{name = \"media\", folder = \"/srv/media\"}]"),
            ("WASMUX_CONFIG__PLUGINS__OF__DELOGO__CLIPS", "2"),
            ("WASMUX_CONFIG__LISTEN", "127.0.0.1:9"),
        ]);
        let config = config.unwrap();
        assert!(config.allow_anonymous && config.buckets[0].name == "media");
        assert_eq!(config.plugins.of.values().next().unwrap().clips, 2);
        assert_eq!(config.listen.unwrap().port(), 9);
        assert_eq!(read(&[]).unwrap(), ServeConfig::default());
    }

    #[test]
    fn the_variable_that_is_wrong_is_named() {
        for (name, text, why) in [
            ("WASMUX_CONFIG__WORKERS__CONCURENCY", "3", "concurency"),
            ("WASMUX_CONFIG__WORKERS__CONCURRENCY", "many", "invalid type"),
            ("WASMUX_CONFIG__LISTEN__PORT", "1", "socket address"),
        ] {
            let error = read(&[("WASMUX_CONFIG__DATA", "/x"), (name, text)]).unwrap_err();
            assert!(error.starts_with(&format!("the environment's {name}={text}: ")) && error.contains(why), "{error}");
        }
        let secret = read(&[("WASMUX_CONFIG__KEYS", "do not tell")]).unwrap_err();
        assert!(secret.starts_with("the environment's WASMUX_CONFIG__KEYS=...: "), "{secret}");
        let both = [("WASMUX_CONFIG__DATA", "/x"), ("WASMUX_CONFIG__DATA__Y", "z")];
        assert!(read(&both).unwrap_err().ends_with("`data` is no table"));
    }

    /// The names that a table takes, as the refusal of another one lists them.
    fn fields(table: &str) -> Vec<String> {
        let wrong = format!("{table}\nno_such_field = 1\n");
        let error = toml::from_str::<ServeConfig>(&wrong).unwrap_err().message().to_owned();
        let (_, listed) = error.split_once("expected ").unwrap_or_else(|| panic!("{error}"));
        listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_default_configuration_has_every_field_with_its_default() {
        assert_eq!(toml::from_str::<ServeConfig>(DEFAULT_CONFIG).unwrap(), ServeConfig::default());
        // With what has no value set as in its comment, it is a configuration, too.
        let set = |line: &str| {
            line.strip_prefix("# ").filter(|rest| rest.contains(" = ") || rest.starts_with('[')).map(str::to_owned)
        };
        let lines = DEFAULT_CONFIG.lines().map(|line| set(line).unwrap_or_else(|| line.to_owned()));
        let text: String = lines.map(|line| line + "\n").collect();
        let whole: ServeConfig = toml::from_str(&text).unwrap();
        // The files of its examples are not there.
        let faults = whole.check().unwrap_err();
        assert!(
            faults.iter().all(|fault| [
                "/srv/",
                "/usr/",
                "/etc/wasmux/",
                "keys: ",
                "s3: ",
                "notifications.sinks: ",
                "Corporate"
            ]
            .iter()
            .any(|part| fault.contains(part))),
            "{faults:#?}"
        );
        for table in [
            "",
            "[workers]",
            "[tls]",
            "[rates]",
            "[notifications]",
            "[[notifications.sinks]]",
            "[limits]",
            "[plugins]",
            "[plugins.limits]",
            "[policies]",
            "[[keys]]",
            "[[buckets]]",
            "[[buckets]]\nname = \"archive\"\n[buckets.s3]",
        ] {
            let found = fields(table);
            assert!(found.len() > 1, "{table}: {found:?}");
            let table = table.lines().last().unwrap_or_default();
            let section = match table {
                "" => &text[..],
                _ => text.split_once(&format!("{table}\n")).unwrap_or_else(|| panic!("{table}")).1,
            };
            for field in found {
                let there = section.lines().any(|line| {
                    line.starts_with(&format!("{field} = ")) || line.starts_with('[') && line.contains(&field)
                });
                assert!(there, "`{field}` of {table} is not described");
            }
        }
    }
}
