//! Movies among the granted objects.

use serde_json::json;
use wasmux::sandbox::AssetReader;
use wasmux::task::ErrorCode;

use super::{Plugins, assert_good_run, limits, run};

pub(super) struct Movie(Vec<u8>);

/// Five pictures of 64x36.
pub(super) fn movie() -> Movie {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("movie.mov");
    wasmux_tests::ffmpeg("-f lavfi -i testsrc2=s=64x36:r=10:d=0.5 -c:v qtrle", &path);
    Movie(std::fs::read(path).unwrap())
}

impl AssetReader for Movie {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), String> {
        let start = usize::try_from(offset).map_err(|error| error.to_string())?;
        out.copy_from_slice(&self.0[start..start + out.len()]);
        Ok(())
    }
}

#[test]
fn clips_are_of_granted_movies_and_their_misuse_harms_nobody() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    let clip = |behaviour: &str, asset: &str, other: &str| {
        run(&sandbox, &json!({"Behaviour": behaviour, "Asset": asset, "Other": other}))
    };
    let (movie, bytes) = ("oss://bucket/movie", "oss://bucket/asset");
    clip("use-clip", movie, "").unwrap();
    clip("many-clips-in-turn", movie, "").unwrap();
    for (asset, other, want) in
        [(bytes, "", "Unusable"), (bytes, movie, "NotGranted"), ("oss://bucket/gone", "", "Unavailable")]
    {
        let failure = clip("use-clip", asset, other).unwrap_err();
        assert_eq!(failure.code, ErrorCode::PluginError, "{failure}");
        assert!(failure.message.contains(want), "{failure}");
    }
    for (behaviour, code, text) in [
        ("clip-without-picture", ErrorCode::PluginTrap, "a clip's picture where there is none"),
        ("clip-behind-the-end", ErrorCode::PluginTrap, "a clip's picture where there is none"),
        ("clip-outside", ErrorCode::PluginTrap, "pixels that do not exist"),
        ("many-clips", ErrorCode::PluginMemory, "more than 16 clips"),
    ] {
        let failure = clip(behaviour, movie, "").unwrap_err();
        assert_eq!(failure.code, code, "{behaviour}: {failure}");
        assert!(failure.message.contains(text), "{behaviour}: {failure}");
        assert_good_run(&sandbox);
    }
}
