use super::*;
use crate::sandbox::testing::{ComponentBytes, Folder};

fn component(name: &str, version: &str, salt: &str) -> Vec<u8> {
    let json = format!(
        r#"{{"name": "{name}", "version": "{version}", "world": "wasmux:plugin/video-filter@0.1.0", "sdk": "{salt}"}}"#
    );
    ComponentBytes::new().manifest(&json).export("wasmux:plugin/video@0.1.0").bytes()
}

fn leaked(bytes: Vec<u8>) -> Embedded {
    let digest = entry::digest(&bytes).leak();
    Embedded { bytes: bytes.leak(), digest }
}

fn reference(text: &str) -> PluginRef {
    text.parse().unwrap()
}

fn found(catalog: &Catalog, text: &str) -> Result<String, Failure> {
    let plugin = catalog.find(&reference(text), Stage::Filter)?;
    Ok(format!("{} {}", plugin.id, plugin.origin()))
}

#[test]
fn the_highest_version_that_will_do_is_taken() {
    let folder = Folder::new();
    folder.write("a.wasm", &component("mark", "1.1.0", ""));
    folder.write("b.wasm", &component("mark", "2.0.0-beta.1", ""));
    folder.write("c.wasm", &component("mark", "0.9.0", ""));
    let embedded = [leaked(component("mark", "1.0.0", ""))];
    let catalog = Catalog::load(&embedded, Some(folder.path()), &[], 1 << 20).unwrap();
    assert!(found(&catalog, "mark").unwrap().starts_with("mark 1.1.0 /"));
    assert_eq!(found(&catalog, "mark@~1.0").unwrap(), "mark 1.0.0 built in");
    assert_eq!(catalog.list().len(), 4);
}

#[test]
fn what_is_missing_is_answered_with_what_exists() {
    let folder = Folder::new();
    folder.write("cloudy_mark.wasm", b"garbage");
    folder.write("notes.txt", b"no plugin");
    let embedded = [leaked(component("mark", "1.0.0", ""))];
    let catalog = Catalog::load(&embedded, Some(folder.path()), &[], 1 << 20).unwrap();
    let failure = found(&catalog, "mark@2").unwrap_err();
    assert_eq!(failure.code, ErrorCode::PluginNotFound);
    assert!(failure.message.contains("`mark@^2`; there are mark 1.0.0"), "{failure}");
    assert!(found(&catalog, "cloudy-mark").unwrap_err().message.contains("no valid WebAssembly component"));
    assert_eq!(catalog.broken().len(), 1);
}

#[test]
fn equal_names_and_versions_must_be_equal_bytes() {
    let folder = Folder::new();
    folder.write("same.wasm", &component("mark", "1.0.0", ""));
    let embedded = [leaked(component("mark", "1.0.0", ""))];
    let catalog = Catalog::load(&embedded, Some(folder.path()), &[], 1 << 20).unwrap();
    assert_eq!(found(&catalog, "mark").unwrap(), "mark 1.0.0 built in");
    folder.write("twin.wasm", &component("mark", "1.0.0", "changed"));
    let catalog = Catalog::load(&embedded, Some(folder.path()), &[], 1 << 20).unwrap();
    let failure = found(&catalog, "mark").unwrap_err();
    assert_eq!(failure.code, ErrorCode::PluginIncompatible);
    assert!(failure.message.contains("built in") && failure.message.contains("twin.wasm"), "{failure}");
}

#[test]
fn another_world_is_refused_with_what_is_needed() {
    let embedded = [leaked(component("mark", "1.0.0", ""))];
    let catalog = Catalog::load(&embedded, None, &[], 1 << 20).unwrap();
    let failure = catalog.find_for(&reference("mark"), World::UriPolicy, Stage::Resolve).err().unwrap();
    assert_eq!((failure.code, failure.stage), (ErrorCode::PluginIncompatible, Stage::Resolve));
    assert!(
        failure.message.contains("plugin mark 1.0.0: it is a video-filter, but a uri-policy is needed"),
        "{failure}"
    );
}

#[test]
fn large_files_and_broken_schemas_are_listed() {
    let folder = Folder::new();
    folder.write("large.wasm", &[0; 2000]);
    fs::create_dir(folder.path().join("folder.wasm")).unwrap();
    let json = r##"{"name": "a", "version": "1.0.0", "world": "wasmux:plugin/video-filter@0.1.0", "parameters": {"$ref": "http://x"}}"##;
    let bytes = ComponentBytes::new().manifest(json).export("wasmux:plugin/video@0.1.0").bytes();
    folder.write("schema.wasm", &bytes);
    let catalog = Catalog::load(&[], Some(folder.path()), &[], 1000).unwrap();
    let reasons: Vec<_> = catalog.broken().iter().map(|broken| broken.reason.as_str()).collect();
    assert!(reasons[0].contains("no regular file"), "{reasons:?}");
    assert!(reasons[1].contains("more than 1000 bytes"), "{reasons:?}");
    assert!(reasons[2].contains("its parameter schema has the reference `http://x`"), "{reasons:?}");
}

#[test]
fn a_file_that_changes_is_not_compiled() {
    let folder = Folder::new();
    folder.write("a.wasm", &component("mark", "1.0.0", ""));
    let catalog = Catalog::load(&[], Some(folder.path()), &[], 1 << 20).unwrap();
    let plugin = catalog.find(&reference("mark"), Stage::Filter).unwrap();
    assert!(plugin.bytes().is_ok());
    folder.write("a.wasm", &component("mark", "1.0.0", "changed"));
    assert!(plugin.bytes().unwrap_err().contains("has changed"));
}

#[test]
fn a_folder_that_does_not_exist_is_an_error() {
    let error = Catalog::load(&[], Some(Path::new("/nonexistent/plugins")), &[], 1).err().unwrap();
    assert!(error.to_string().contains("/nonexistent/plugins"), "{error}");
}

#[test]
fn a_file_that_is_named_by_itself_is_found_by_its_path() {
    let folder = Folder::new();
    folder.write("any.name", &component("mark", "1.0.0", "mine"));
    folder.write("bad", b"garbage");
    let files = ["any.name", "bad", "nowhere"].map(|name| folder.path().join(name));
    let catalog = Catalog::load(&[], None, &files, 1 << 20).unwrap();
    let found = catalog.in_file(&files[0]).unwrap().to_string();
    assert!(found.starts_with("mark@=1.0.0#sha256:"), "{found}");
    assert!(catalog.in_file(&files[1]).unwrap_err().contains("no valid WebAssembly component"));
    assert!(catalog.in_file(&files[2]).unwrap_err().contains("cannot be read"));
    assert!(catalog.in_file(folder.path()).is_err());
    // Built in under the same name: neither may run.
    let embedded = [leaked(component("mark", "1.0.0", ""))];
    let catalog = Catalog::load(&embedded, None, &files[..1], 1 << 20).unwrap();
    let failure = catalog.find(&reference("mark"), Stage::Filter).err().unwrap();
    assert!(failure.message.contains("claim the same name and version"), "{failure}");
}

#[test]
fn a_pinned_reference_means_the_same_bytes_or_nothing() {
    let folder = Folder::new();
    folder.write("own.wasm", &component("own", "1.1.0", ""));
    folder.write("mark.wasm", &component("mark", "1.1.0", ""));
    let embedded = [leaked(component("mark", "1.0.0", ""))];
    let catalog = Catalog::load(&embedded, Some(folder.path()), &[], 1 << 20).unwrap();
    let pin = |text: &str| {
        let wanted = reference(text);
        catalog.find(&wanted, Stage::Filter).unwrap().pinned(&wanted).to_string()
    };
    let (own, built_in) = (pin("own"), pin("mark@~1.0"));
    assert!(own.starts_with("own@=1.1.0#sha256:"), "{own}");
    assert_eq!(built_in, "mark@~1.0#built-in");
    assert!(found(&catalog, &built_in).unwrap().ends_with("built in"));
    assert!(found(&catalog, "mark#built-in").unwrap().starts_with("mark 1.0.0"), "not the higher one of the folder");
    // The same version with other bytes.
    folder.write("own.wasm", &component("own", "1.1.0", "changed"));
    let catalog = Catalog::load(&embedded, Some(folder.path()), &[], 1 << 20).unwrap();
    let failure = found(&catalog, &own).unwrap_err();
    assert_eq!(failure.code, ErrorCode::PluginNotFound);
    assert!(failure.message.contains("there are own 1.1.0"), "{failure}");
}

#[test]
fn published_plugins_come_and_go_and_built_in_ones_stay() {
    let folder = Folder::new();
    folder.write("published.wasm", &component("mark", "1.1.0", ""));
    let embedded = [leaked(component("mark", "1.0.0", ""))];
    let mut catalog = Catalog::load(&embedded, None, &[], 1 << 20).unwrap();
    let before = catalog.clone();
    let id = catalog.publish(&folder.path().join("published.wasm"), 1 << 20).unwrap();
    assert_eq!(found(&catalog, "mark").unwrap(), "mark 1.1.0 published");
    assert_eq!(catalog.published(), 1);
    assert_eq!(found(&before, "mark").unwrap(), "mark 1.0.0 built in", "who looked before sees what was");
    let claimant = catalog.claimant(&id.name, &id.version).unwrap();
    assert!(claimant.is_published() && catalog.is_reserved(&id.name));
    catalog.forget(&id.digest);
    assert_eq!(found(&catalog, "mark").unwrap(), "mark 1.0.0 built in");
    let built_in = catalog.find(&reference("mark"), Stage::Filter).unwrap().id.digest.clone();
    catalog.forget(&built_in);
    assert_eq!(catalog.list().len(), 1);
}
