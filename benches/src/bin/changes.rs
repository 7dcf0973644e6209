//! Compares the newest result file with the one before it.

use std::{fs, io};

use wasmux_benches::{changes, workspace};

fn main() -> io::Result<()> {
    let folder = workspace().join("benches/results");
    let mut files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "md"));
    files.sort();
    let [.., before, now] = files.as_slice() else {
        println!("there is nothing to compare with");
        return Ok(());
    };
    let name = |file: &std::path::Path| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let changes = changes::worse(&fs::read_to_string(before)?, &fs::read_to_string(now)?);
    println!("{} against {}: {} ratios became worse by more than 15 %", name(now), name(before), changes.len());
    for change in changes {
        println!("{}: {} before, {} now", change.what, change.before, change.now);
    }
    Ok(())
}
