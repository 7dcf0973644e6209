//! The imports of guests: one file for each interface of the WIT, and the linker of each world.

pub(super) mod assets;
pub(super) mod clips;
pub(super) mod fonts;
pub(super) mod frames;
pub(super) mod log;
pub(super) mod report;

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use super::bindings;
use super::guest::Guest;
use super::world::World;

/// Everything that a world offers, and nothing else.
pub(super) fn linker(engine: &Engine, world: World) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    bindings::errors::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::types::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::log::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::report::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    if world == World::VideoFilter {
        bindings::assets::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
        bindings::fonts::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
        bindings::clips::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
        frames::add_to_linker(&mut linker)?;
    }
    Ok(linker)
}

impl bindings::errors::Host for Guest {}
impl bindings::types::Host for Guest {}

/// At most that many bytes of a text, without control characters: a guest must not forge lines of a log.
pub(super) fn clean(text: &str, max_bytes: usize) -> String {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    kept.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn texts_are_cut_between_characters_and_kept_on_one_line() {
        assert_eq!(clean("a\nb\u{1b}[0m", 100), "a b [0m");
        assert_eq!(clean("\u{4e2d}\u{6587}", 4), "\u{4e2d}");
        assert_eq!(clean("\u{4e2d}", 1), "");
        assert_eq!(clean("abc", 2), "ab");
    }
}
