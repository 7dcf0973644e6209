//! Embeds the built-in components, which `make plugins` has built before, and finds what libavfilter is called.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const BUILT_IN: [&str; 4] = ["watermark", "delogo", "uri_template", "parameters"];

/// What others are measured against. No request can name it.
const NULL_FILTER: [&str; 1] = ["null_filter"];

fn main() {
    place_functions();
    // These folders are embedded by a macro that does not watch them.
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=../plugins/examples");
    println!("cargo::rerun-if-changed=build.rs");
    // Loaded by its name when it is needed, and not linked: the one of the release whose other libraries are.
    match pkg_config::Config::new().cargo_metadata(false).probe("libavfilter") {
        Ok(library) => {
            let major = library.version.split('.').next().unwrap_or_default();
            println!("cargo::rustc-env=LIBAVFILTER=libavfilter.so.{major}");
        }
        Err(error) => println!("cargo::error=libavfilter: {error}"),
    }
    // OUT_DIR is <target>/<profile>/build/<crate>/out, wherever the target folder is.
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let target = out.ancestors().nth(4).map(Path::to_path_buf).unwrap_or_default();
    let components = target.join("wasm32-unknown-unknown").join("release");
    for (file, names) in [("built_in.rs", &BUILT_IN[..]), ("null_filter.rs", &NULL_FILTER[..])] {
        let mut code = String::from("&[\n");
        for name in names {
            let file = components.join(format!("{name}.wasm"));
            println!("cargo::rerun-if-changed={}", file.display());
            let Ok(bytes) = fs::read(&file) else {
                println!("cargo::error=the built-in component {} is missing: run `make plugins` first", file.display());
                return;
            };
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            // A string literal of Rust, whatever characters the path has.
            let path = file.display().to_string();
            let _ = writeln!(code, "    Embedded {{ bytes: include_bytes!({path:?}), digest: \"sha256:{digest}\" }},");
        }
        code.push_str("]\n");
        if let Err(error) = fs::write(out.join(file), code) {
            println!("cargo::error={file}: {error}");
        }
    }
}

/// Has the linker place the functions that tasks execute side by side (`order.txt`, made by `make order`): of 35 MB of code these are 3, and what is mapped around the others
/// stays out of memory. And has it pack the relocations, which are read at each start. Names that are not there any more do no harm.
fn place_functions() {
    println!("cargo::rerun-if-changed=order.txt");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|found| found == value);
    // The linker of the toolchain for this kind of machine is LLD; one that was chosen by somebody may be any.
    let chosen = env::var_os("RUSTC_LINKER").is_some()
        || env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("linker") || flags.contains("fuse-ld"));
    if is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && !chosen
    {
        let order = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("order.txt");
        println!("cargo::rustc-link-arg-bins=-Wl,--symbol-ordering-file={}", order.display());
        for option in ["--no-warn-symbol-ordering", "-z,pack-relative-relocs"] {
            println!("cargo::rustc-link-arg-bins=-Wl,{option}");
        }
    }
}
