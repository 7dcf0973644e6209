//! `wasmux plugin new`.

use std::fs;
use std::path::Path;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::cli::{Stop, print_line, sdk};
use crate::sandbox::World;
use crate::task::PluginName;

/// The package that every template depends on: cargo takes no two of a name.
const SDK: &str = "wasmux-sdk";

/// What the templates call the plugin.
const PLACEHOLDER: &str = "plugin-name";

const GITIGNORE: &str = include_str!("../../../templates/plugin/gitignore");

/// The files of a template, by their paths in the new folder. The code is that of an example, which is built and tested in this
/// repository.
type Template = &'static [(&'static str, &'static str)];

const VIDEO_FILTER: Template = &[
    ("Cargo.toml", include_str!("../../../templates/plugin/video-filter/Cargo.toml")),
    ("README.md", include_str!("../../../templates/plugin/video-filter/README.md")),
    ("schema.json", include_str!("../../../../plugins/examples/vignette/schema.json")),
    ("src/lib.rs", include_str!("../../../../plugins/examples/vignette/src/lib.rs")),
];

const URI_POLICY: Template = &[
    ("Cargo.toml", include_str!("../../../templates/plugin/uri-policy/Cargo.toml")),
    ("README.md", include_str!("../../../templates/plugin/uri-policy/README.md")),
    ("src/lib.rs", include_str!("../../../../plugins/examples/dated-uri/src/lib.rs")),
];

const PARAMETER_POLICY: Template = &[
    ("Cargo.toml", include_str!("../../../templates/plugin/parameter-policy/Cargo.toml")),
    ("README.md", include_str!("../../../templates/plugin/parameter-policy/README.md")),
    ("src/lib.rs", include_str!("../../../../plugins/examples/per-title/src/lib.rs")),
];

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The plugin's name, and that of its folder: a-z, 0-9 and '-', beginning with a letter.
    #[arg(value_name = "NAME", value_parser = name)]
    name: PluginName,
    /// What kind of plugin.
    #[arg(long, value_name = "WORLD", default_value = World::VideoFilter.name(), value_parser = world)]
    world: World,
    /// The language that it is written in.
    #[arg(long, value_name = "LANGUAGE", default_value = "rust", value_parser = language)]
    lang: Language,
}

/// Languages that there are templates for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    Rust,
}

fn name(text: &str) -> Result<PluginName, String> {
    if text == SDK {
        return Err(format!("`{text}` is the name of the SDK, which the plugin depends on"));
    }
    PluginName::try_from(text.to_owned())
}

fn world(text: &str) -> Result<World, String> {
    World::ALL.into_iter().find(|world| world.name() == text).ok_or_else(|| {
        let names: Vec<_> = World::ALL.iter().map(|world| world.name()).collect();
        format!("there is no world `{text}`; there are {}", names.join(", "))
    })
}

fn language(text: &str) -> Result<Language, String> {
    Language::from_str(text, false).map_err(|_| {
        let names: Vec<_> = Language::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
        let names: Vec<_> = names.iter().map(PossibleValue::get_name).collect();
        format!(
            "there is no template in `{text}` yet; there are {}. A component of any language runs: its interfaces are the WIT that \
             `wasmux sdk FOLDER` writes",
            names.join(", ")
        )
    })
}

fn template(world: World, language: Language) -> Template {
    match (language, world) {
        (Language::Rust, World::VideoFilter) => VIDEO_FILTER,
        (Language::Rust, World::UriPolicy) => URI_POLICY,
        (Language::Rust, World::ParameterPolicy) => PARAMETER_POLICY,
    }
}

pub(super) fn run(args: &NewArgs) -> Result<(), Stop> {
    let name = args.name.as_str();
    let folder = Path::new(name);
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Stop::Usage(format!("{name} is not empty")));
    }
    write(folder, name, template(args.world, args.lang))
        .map_err(|error| Stop::Output(format!("{name} cannot be written: {error}")))?;
    print_line(&format!("{name} is a {} that works, with its tests: src/lib.rs. Next:", args.world.name()))?;
    print_line(&format!("  cd {name}\n  cargo test\n  wasmux plugin build"))?;
    if args.world == World::VideoFilter {
        let parameters = r#"'{"Strength": 0.8}'"#;
        print_line(&format!(
            "  wasmux plugin run {name}.wasm --input ../clip.mp4 --params {parameters} --frame 2s frame.png"
        ))?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, template: Template) -> std::io::Result<()> {
    sdk::write_for_plugin(folder)?;
    for (path, text) in template {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, text.replace(PLACEHOLDER, name))?;
    }
    fs::write(folder.join(".gitignore"), GITIGNORE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_its_name_replaced_and_its_world() {
        for world in World::ALL {
            let files = template(world, Language::Rust);
            let cargo = files.iter().find(|(name, _)| *name == "Cargo.toml").unwrap().1;
            assert!(cargo.contains(&format!("{SDK} = ")), "{world}");
            let text = |path: &str| files.iter().find(|(name, _)| *name == path).unwrap().1;
            assert!(text("Cargo.toml").contains(PLACEHOLDER) && text("README.md").contains(PLACEHOLDER), "{world}");
            let macros = format!("register_{}!", world.name().replace('-', "_"));
            assert!(text("src/lib.rs").contains(&macros), "{world}");
        }
    }
}
