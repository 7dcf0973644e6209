//! `wasmux plugin new`.

use std::fs;
use std::path::Path;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use include_dir::{Dir, File, include_dir};

use crate::cli::{Stop, print_line, sdk};
use crate::sandbox::World;
use crate::task::PluginName;

/// The package that every template depends on: cargo takes no two of a name.
const SDK: &str = "wasmux-sdk";

/// What the templates call the plugin.
const PLACEHOLDER: &str = "plugin-name";

/// A folder for each world with the files of its template, and the file `gitignore`. The code and the cases are those of an example.
static RUST_TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/plugin");
/// The examples, which are built and tested in this repository.
static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../plugins/examples");
/// The templates in other languages.
static JS_TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/plugin-js");
static C_TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/plugin-c");
static PY_TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/plugin-py");
/// What all templates in C have in place of a C library.
static C_RUNTIME: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/runtime-c");
/// The cases of the policies in other languages, which all decide alike.
static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/cases");

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

/// The example whose code a template in Rust has.
fn example(world: World) -> &'static str {
    match world {
        World::VideoFilter => "vignette",
        World::UriPolicy => "dated-uri",
        World::ParameterPolicy => "per-title",
    }
}

/// Languages that there are templates for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Rust,
    #[value(alias = "javascript")]
    Js,
    C,
    #[value(alias = "python")]
    Py,
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

impl Language {
    fn templates(self) -> &'static Dir<'static> {
        match self {
            Self::Rust => &RUST_TEMPLATES,
            Self::Js => &JS_TEMPLATES,
            Self::C => &C_TEMPLATES,
            Self::Py => &PY_TEMPLATES,
        }
    }

    /// The folder with the files of a template; the error says which there are.
    fn template(self, world: World) -> Result<&'static Dir<'static>, String> {
        let templates = self.templates();
        templates.get_dir(world.name()).ok_or_else(|| {
            let others: Vec<_> = templates.dirs().map(|folder| folder.path().display().to_string()).collect();
            format!("there is no template for a {} in that language; there are {}", world.name(), others.join(", "))
        })
    }
}

pub(super) fn run(args: &NewArgs) -> Result<(), Stop> {
    let name = args.name.as_str();
    let folder = Path::new(name);
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Stop::Usage(format!("{name} is not empty")));
    }
    let template = args.lang.template(args.world).map_err(Stop::Usage)?;
    write(folder, args, template).map_err(|error| Stop::Output(format!("{name} cannot be written: {error}")))?;
    let (code, first) = match args.lang {
        Language::Rust => ("with its tests: src/lib.rs", "\n  cargo test"),
        Language::Js => ("with its cases: plugin.js", "\n  npm install"),
        Language::C => ("with its cases: plugin.c", ""),
        Language::Py => {
            ("with its cases: plugin.py", "\n  python3 -m venv .venv\n  .venv/bin/pip install -r requirements.txt")
        }
    };
    print_line(&format!("{name} is a {} that works, {code}. Next:", args.world.name()))?;
    print_line(&format!("  cd {name}{first}\n  wasmux plugin build\n  wasmux plugin test"))?;
    if args.world == World::VideoFilter {
        let parameters = r#"'{"Strength": 0.8}'"#;
        print_line(&format!(
            "  wasmux plugin run {name}.wasm --input ../clip.mp4 --params {parameters} --frame 2s frame.png"
        ))?;
    }
    Ok(())
}

fn write(folder: &Path, args: &NewArgs, template: &Dir<'_>) -> std::io::Result<()> {
    let name = args.name.as_str();
    match args.lang {
        Language::Rust => {
            sdk::write_for_plugin(folder)?;
            if let Some(example) = EXAMPLES.get_dir(example(args.world)) {
                copy(example, example.path(), folder, name)?;
            }
        }
        Language::Js | Language::C | Language::Py => {
            sdk::write_wit(folder)?;
            if let Some(cases) = CASES.get_dir(args.world.name()) {
                copy(cases, cases.path(), &folder.join("cases"), name)?;
            }
        }
    }
    if args.lang == Language::C {
        copy(&C_RUNTIME, C_RUNTIME.path(), folder, name)?;
    }
    // Behind the example, whose Cargo.toml belongs to this repository.
    copy(template, template.path(), folder, name)?;
    let ignored = args.lang.templates().get_file("gitignore").map(File::contents).unwrap_or_default();
    fs::write(folder.join(".gitignore"), ignored)
}

/// Copies what lies below `root` of the templates, with the plugin's name in all texts.
fn copy(from: &Dir<'_>, root: &Path, folder: &Path, name: &str) -> std::io::Result<()> {
    let place = |path: &Path| folder.join(path.strip_prefix(root).unwrap_or(path));
    fs::create_dir_all(place(from.path()))?;
    for file in from.files() {
        let place = place(file.path());
        match file.contents_utf8() {
            Some(text) => fs::write(place, text.replace(PLACEHOLDER, name))?,
            None => fs::write(place, file.contents())?,
        }
    }
    from.dirs().try_for_each(|below| copy(below, root, folder, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_its_name_replaced_and_its_world() {
        for world in World::ALL {
            let folder = Language::Rust.template(world).unwrap();
            let text = |path: &str| folder.get_file(folder.path().join(path)).unwrap().contents_utf8().unwrap();
            assert!(text("Cargo.toml").contains(&format!("{SDK} = ")), "{world}");
            assert!(text("Cargo.toml").contains(PLACEHOLDER) && text("README.md").contains(PLACEHOLDER), "{world}");
            let macros = format!("register_{}!", world.name().replace('-', "_"));
            let example = EXAMPLES.get_dir(example(world)).unwrap();
            let code = example.get_file(example.path().join("src/lib.rs")).unwrap().contents_utf8().unwrap();
            assert!(code.contains(&macros), "{world}");
            let cases = example.get_dir(example.path().join("cases")).unwrap();
            assert!(cases.dirs().count() > 1, "{world}");
        }
    }

    #[test]
    fn templates_in_other_languages_say_who_they_are() {
        for (language, code, entry) in [
            (Language::Js, "plugin.js", "export const "),
            (Language::C, "plugin.c", "exports_wasmux_plugin_"),
            (Language::Py, "plugin.py", "(exports."),
        ] {
            for folder in language.templates().dirs() {
                let world = world(folder.path().to_str().unwrap()).unwrap();
                let text = |path: &str| folder.get_file(folder.path().join(path)).unwrap().contents_utf8().unwrap();
                let manifest: serde_json::Value = serde_json::from_str(text("manifest.json")).unwrap();
                assert_eq!((&manifest["name"], &manifest["world"]), (&PLACEHOLDER.into(), &world.to_string().into()));
                assert!(text(code).contains(entry) && text("README.md").contains(PLACEHOLDER), "{code} of {world}");
                let has_cases = folder.get_dir(folder.path().join("cases")).is_some();
                assert!(has_cases || CASES.get_dir(world.name()).is_some(), "{code} of {world}");
            }
            assert!(language.templates().get_file("gitignore").is_some());
        }
        let templates = [&JS_TEMPLATES, &C_TEMPLATES, &PY_TEMPLATES];
        assert_eq!(templates.map(|folder| folder.dirs().count()), [2, 3, 2]);
        let error = Language::Js.template(World::VideoFilter).unwrap_err();
        assert!(error.contains("video-filter in that language; there are parameter-policy, uri-policy"), "{error}");
    }
}
