//! Plugins in C: the bindings are generated here and the component is made here, so that an author needs a compiler and a linker alone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use wit_bindgen_c::Opts;
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;
use wit_component::ComponentEncoder;

use super::manifest::run_tool;
use crate::cli::Stop;
use crate::sandbox::World;

pub(super) const CODE: &str = "plugin.c";
/// The folder with the rest of the code, and headers in place of a C library's.
const RUNTIME: &str = "runtime";
/// What is generated and compiled.
const BUILD: &str = "build";

/// The same for the plugin, its runtime and the bindings: no C library, and the instructions that all hosts have.
const FLAGS: [&str; 11] = [
    "--target=wasm32-unknown-unknown",
    "-std=c11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-ffreestanding",
    "-nostdlibinc",
    "-mbulk-memory",
    "-msimd128",
    "-isystem",
    RUNTIME,
];

/// Makes the component of this folder.
pub(super) fn build(here: &Path, world: World, component: &Path) -> Result<(), Stop> {
    let folder = here.join(BUILD);
    let failed = |error: std::io::Error| Stop::Output(format!("{BUILD}: {error}"));
    fs::create_dir_all(&folder).map_err(failed)?;
    let (mut codes, mut objects) = (vec![PathBuf::from(CODE)], Vec::new());
    for file in bindings(here, world)? {
        fs::write(folder.join(&file.name), file.bytes).map_err(failed)?;
        let (path, kind) = (Path::new(BUILD).join(&file.name), file.name.rsplit('.').next());
        match kind {
            Some("c") => codes.push(path),
            Some("o") => objects.push(path),
            _ => {}
        }
    }
    codes.extend(sources(here)?);
    for code in &codes {
        // Their names differ from that of the generated object, which ends with `_component_type`.
        let object = Path::new(BUILD).join(code.file_name().unwrap_or_default()).with_extension("o");
        compile(here, code, &object)?;
        objects.push(object);
    }
    let module = folder.join("plugin.core.wasm");
    link(here, &objects, &module)?;
    let bytes = fs::read(&module).map_err(failed)?;
    let encoded = encode(&bytes).map_err(|error| Stop::Output(format!("no component can be made of it: {error}")))?;
    fs::write(component, encoded).map_err(|error| Stop::Output(format!("{}: {error}", component.display())))
}

/// A generated file.
struct Generated {
    name: String,
    bytes: Vec<u8>,
}

/// What the WIT of this folder is in C: a header, its code, and an object that tells the types.
fn bindings(here: &Path, world: World) -> Result<Vec<Generated>, Stop> {
    let generate = || {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(here.join("wit"))?;
        let world = resolve.select_world(&[package], Some(world.name()))?;
        let mut files = Files::default();
        Opts::default().build().generate(&mut resolve, world, &mut files)?;
        Ok(files)
    };
    let files: Files = generate().map_err(|error: anyhow::Error| Stop::Usage(format!("wit: {error:#}")))?;
    Ok(files.iter().map(|(name, bytes)| Generated { name: name.to_owned(), bytes: bytes.to_vec() }).collect())
}

/// The files of C beside the plugin's own, in a fixed order, so that the same code makes the same component.
fn sources(here: &Path) -> Result<Vec<PathBuf>, Stop> {
    let failed = |error: std::io::Error| Stop::Usage(format!("{RUNTIME}: {error}"));
    let mut found = Vec::new();
    for entry in fs::read_dir(here.join(RUNTIME)).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "c") {
            found.push(Path::new(RUNTIME).join(name));
        }
    }
    found.sort();
    Ok(found)
}

fn compile(here: &Path, code: &Path, object: &Path) -> Result<(), Stop> {
    let mut clang = Command::new(env::var_os("CLANG").unwrap_or_else(|| "clang".into()));
    clang.args(FLAGS).args(["-I", BUILD, "-c"]).arg(code).arg("-o").arg(object).current_dir(here);
    let output = run_tool(&mut clang, "clang", ": install clang, or name it by CLANG")?;
    // Warnings.
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn link(here: &Path, objects: &[PathBuf], module: &Path) -> Result<(), Stop> {
    let mut linker = Command::new(linker());
    // An overflow of the stack traps where the stack is first, and changes data elsewhere.
    linker.args(["--no-entry", "--stack-first", "--gc-sections", "--strip-all"]).args(objects);
    linker.arg("-o").arg(module).current_dir(here);
    let todo = ": install lld, or Rust from https://rustup.rs, which has it, or name it by WASM_LD";
    run_tool(&mut linker, "wasm-ld", todo)?;
    Ok(())
}

/// What the environment says, or that of LLVM, or that of Rust.
fn linker() -> OsString {
    let name = "wasm-ld";
    let installed = || {
        let path = env::var_os("PATH")?;
        env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
    };
    let of_rust = || {
        let output = Command::new("rustc").args(["--print", "target-libdir"]).output().ok()?;
        let libraries = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        let file = libraries.parent()?.join("bin/gcc-ld").join(name);
        file.is_file().then_some(file)
    };
    env::var_os("WASM_LD")
        .or_else(|| installed().or_else(of_rust).map(PathBuf::into_os_string))
        .unwrap_or_else(|| name.into())
}

fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module)?;
    encoder.encode()
}
