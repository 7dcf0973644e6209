//! Components made byte by byte, and folders, for tests of what is read before compiling.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Writes a component's binary.
pub(super) struct ComponentBytes(Vec<u8>);

impl ComponentBytes {
    pub(super) fn new() -> Self {
        Self(b"\0asm\x0d\0\x01\0".to_vec())
    }

    /// A custom section with a manifest, in the component.
    pub(super) fn manifest(mut self, json: &str) -> Self {
        section(&mut self.0, 0, &custom(json));
        self
    }

    /// The same in a core module inside of the component.
    pub(super) fn nested_manifest(mut self, json: &str) -> Self {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        section(&mut module, 0, &custom(json));
        section(&mut self.0, 1, &module);
        self
    }

    /// An import of an empty instance.
    pub(super) fn import(mut self, name: &str) -> Self {
        section(&mut self.0, 7, &[1, 0x42, 0]);
        let mut body = vec![1, 0];
        text(&mut body, name);
        body.extend([5, 0]);
        section(&mut self.0, 10, &body);
        self
    }

    /// An export of an empty instance.
    pub(super) fn export(mut self, name: &str) -> Self {
        section(&mut self.0, 5, &[1, 1, 0]);
        let mut body = vec![1, 0];
        text(&mut body, name);
        body.extend([5, 0, 0]);
        section(&mut self.0, 11, &body);
        self
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

fn custom(json: &str) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, super::manifest::SECTION);
    body.extend(json.bytes());
    body
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len());
    out.extend(text.bytes());
}

fn section(out: &mut Vec<u8>, id: u8, body: &[u8]) {
    out.push(id);
    number(out, body.len());
    out.extend(body);
}

/// LEB128.
fn number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// An empty folder that is removed at the end of the test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("wasmux-sandbox-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
