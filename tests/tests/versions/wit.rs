//! Whether components made for one WIT run on a host that offers another one.

use std::path::Path;

use wit_parser::{Resolve, Span, WorldId, WorldItem};

/// The WIT in a folder, with the packages in its `deps`.
pub(crate) fn of_folder(folder: &Path) -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_dir(folder).unwrap_or_else(|error| panic!("{}: {error:#}", folder.display()));
    resolve
}

/// The WIT in a text.
pub(crate) fn of_text(text: &str) -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_source("text.wit", text).unwrap_or_else(|error| panic!("{error:#}\n{text}"));
    resolve
}

/// The error says which world breaks, and why.
pub(crate) fn still_serves(old: &Resolve, new: &Resolve) -> Result<(), String> {
    for (id, world) in old.worlds.iter() {
        let same = new.worlds.iter().find(|(_, other)| other.name == world.name);
        let (new_id, _) = same.ok_or_else(|| format!("world {}: it is gone", world.name))?;
        // For a component it would be no fault to be called less, but a filter that is not finished any more has lost something.
        let kept = exports(new, new_id);
        if let Some(lost) = exports(old, id).iter().find(|export| !kept.contains(export)) {
            return Err(format!("world {}: the export {lost} is gone", world.name));
        }
        // Both may have the same version, and packages are known by their names.
        let mut both = new.clone();
        let mut old = old.clone();
        for (_, package) in old.packages.iter_mut() {
            if let Some(version) = &mut package.name.version {
                version.pre = "old".parse().unwrap();
            }
        }
        old.package_names = old.packages.iter().map(|(id, package)| (package.name.clone(), id)).collect();
        let remap = both.merge(old).unwrap();
        let old_id = remap.map_world(id, Span::default()).unwrap();
        wit_component::semver_check(both, old_id, new_id)
            .map_err(|error| format!("world {}: {error:#}", world.name))?;
    }
    Ok(())
}

/// Names of what a world exports: interfaces and their functions.
fn exports(resolve: &Resolve, world: WorldId) -> Vec<String> {
    let mut names = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Interface { id, .. } => {
                let interface = &resolve.interfaces[*id];
                let name = interface.name.clone().unwrap_or_default();
                names.extend(interface.functions.keys().map(|function| format!("{name}/{function}")));
                names.push(name);
            }
            _ => names.push(resolve.name_world_key(key)),
        }
    }
    names
}
