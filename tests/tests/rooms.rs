//! The room table of docs/ARCHITECTURE.md is true: who imports whom, who alone uses a crate, and where `unsafe` stands.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

struct Room {
    may_use: BTreeSet<String>,
    only_user_of: BTreeSet<String>,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn cell_words(cell: &str) -> BTreeSet<String> {
    cell.split(',').map(str::trim).filter(|word| !matches!(*word, "-" | "")).map(str::to_owned).collect()
}

/// The table as written.
fn table() -> BTreeMap<String, Room> {
    let text = fs::read_to_string(workspace().join("docs/ARCHITECTURE.md")).unwrap();
    let mut rooms: BTreeMap<String, Room> = BTreeMap::new();
    let rows = text.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        let room = Room { may_use: cell_words(cells[2]), only_user_of: cell_words(cells[3]) };
        rooms.insert(cells[0].to_owned(), room);
    }
    assert!(rooms.len() > 5, "the table was not found");
    let all: BTreeSet<_> = rooms.keys().cloned().collect();
    for room in rooms.values_mut().filter(|room| room.may_use.contains("all")) {
        room.may_use.clone_from(&all);
    }
    rooms
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// All files of the host with the room that they belong to.
fn files() -> Vec<(String, PathBuf, String)> {
    let root = workspace().join("host/src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    let with_room = found.into_iter().map(|path| {
        let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
        let room = first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&path).unwrap();
        (room, path, text)
    });
    with_room.filter(|(room, ..)| room != "lib" && room != "main").collect()
}

/// The rooms that a file names as `crate::<room>` or within `crate::{...}`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.extend(room_of(&std::mem::take(&mut word))),
                    _ if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            rooms.extend(room_of(&word));
        } else {
            rooms.extend(room_of(rest));
        }
    }
    rooms
}

fn room_of(path: &str) -> Option<String> {
    let name: String = path.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[test]
fn every_room_is_in_the_table_and_uses_only_what_it_may() {
    let table = table();
    let mut faults = Vec::new();
    for (room, path, text) in files() {
        let Some(row) = table.get(&room) else {
            faults.push(format!("{} is in no room of the table", path.display()));
            continue;
        };
        for used in imports(&text).into_iter().filter(|used| table.contains_key(used)) {
            if used != room && !row.may_use.contains(&used) {
                faults.push(format!("{}: room {room} may not use {used}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_room_of_the_table_exists() {
    let present: BTreeSet<_> = files().into_iter().map(|(room, ..)| room).collect();
    for room in table().keys() {
        assert!(present.contains(room), "room {room} has no file");
    }
}

#[test]
fn no_rooms_use_each_other_in_a_circle() {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (room, _, text) in files() {
        let used = imports(&text).into_iter().filter(|used| *used != room);
        edges.entry(room.clone()).or_default().extend(used);
    }
    // A room that uses nothing that is left is taken away; what stays at the end is a circle.
    loop {
        let free: Vec<_> = edges
            .iter()
            .filter(|(_, used)| !used.iter().any(|used| edges.contains_key(used)))
            .map(|(room, _)| room.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|room| drop(edges.remove(room)));
    }
    assert!(edges.is_empty(), "these rooms use each other in a circle: {:?}", edges.keys());
}

#[test]
fn crates_have_one_room() {
    let mut faults = Vec::new();
    for (owner, row) in table() {
        for name in row.only_user_of {
            for (room, path, text) in files() {
                let uses = text.contains(&format!("{name}::")) || text.contains(&format!("use {name}"));
                if uses && room != owner {
                    faults.push(format!("{}: only room {owner} may use {name}", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn unsafe_code_stands_in_two_places() {
    for (_, path, text) in files() {
        let path = path.to_str().unwrap();
        let has = text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains("unsafe {")
                || code.contains("unsafe fn")
                || code.contains("unsafe impl")
                || code.contains("unsafe extern")
        });
        let allowed = path.contains("/media/ffi") || path.ends_with("/sandbox/compiled.rs");
        assert!(!has || allowed, "{path} has unsafe code");
    }
}

#[test]
fn files_stay_small() {
    let mut found = Vec::new();
    for folder in ["host/src", "plugins", "tests", "benches"] {
        sources(&workspace().join(folder), &mut found);
    }
    for path in found {
        let size = fs::metadata(&path).unwrap().len();
        assert!(size <= 20_000, "{} has {size} bytes; split it", path.display());
    }
}

#[test]
fn the_import_reader_sees_what_it_should() {
    let text =
        "use crate::task::{A, B};\nuse crate::{media::Frame, plan::{Node, Plan}, store};\nlet x = crate::app::X;";
    let expected = ["task", "media", "plan", "store", "app"].map(str::to_owned);
    assert_eq!(imports(text), BTreeSet::from(expected));
}
