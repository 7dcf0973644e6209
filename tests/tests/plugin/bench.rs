//! `wasmux plugin bench`, on components that come with the host and its tests.

use std::fs;

use serde_json::Value;
use wasmux_tests::component;

use super::Author;

/// Reads and writes every plane of 1920x1080 as a whole.
const ROUNDTRIP: &str = r#"{"Behaviour": "roundtrip"}"#;
const MOSAIC: &str = r#"{"Delogos": [{"Width": 32, "Height": 16, "Dx": 16, "Dy": 16}]}"#;

fn author() -> Author {
    let author = Author::new();
    for (name, file) in [("hostile_filter", "moves.wasm"), ("delogo", "mosaic.wasm"), ("parameters", "policy.wasm")] {
        fs::copy(component(name), author.path(file)).unwrap();
    }
    author
}

#[test]
fn what_filters_cost_is_measured_side_by_side() {
    let author = author();
    let options =
        ["--sizes", "1080p,1920x1080", "--frames", "5", "--against-params", MOSAIC, "--against", "mosaic.wasm"];
    let bench = ["plugin", "bench", "moves.wasm", "--params", ROUNDTRIP];
    let text = author.run_well("", &[&bench[..], &options, &["--json"]].concat());
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["Frames"], &json["PixelFormat"]), (&5.into(), &"yuv420p".into()));
    assert!(json["PeakMemoryBytes"].as_u64().unwrap() > 1 << 20);
    for (at, (width, height)) in [(1920, 1080); 2].into_iter().enumerate() {
        let size = &json["Sizes"][at];
        assert_eq!((&size["Width"], &size["Height"]), (&width.into(), &height.into()));
        let [moves, mosaic, null] = size["Results"].as_array().unwrap().as_slice() else { panic!("{size}") };
        let number = |result: &Value, name: &str| result[name].as_f64().unwrap();
        for (result, role, plugin) in
            [(moves, "Plugin", "hostile-filter"), (mosaic, "Against", "delogo"), (null, "Null", "null-filter")]
        {
            assert_eq!((&result["Role"], &result["Plugin"]["Name"]), (&role.into(), &plugin.into()));
            let (median, p99) = (number(result, "MedianMs"), number(result, "P99Ms"));
            assert!(median > 0.0 && p99 >= median && number(result, "OpenMs") > 0.0, "{result}");
            assert!(number(result, "GuestMemoryBytes") >= 65_536.0, "{result}");
            assert!((0.0..1.0).contains(&number(result, "HostShare")), "{result}");
        }
        // The samples of all planes go in and out once.
        let samples = f64::from(width * height + 2 * (width / 2) * (height / 2));
        assert_eq!([number(moves, "BytesReadPerFrame"), number(moves, "BytesWrittenPerFrame")], [samples; 2]);
        let touched = number(mosaic, "BytesWrittenPerFrame");
        assert!(touched > 0.0 && touched < samples, "{touched} of {samples}");
        assert_eq!([number(null, "ReadsPerFrame"), number(null, "WritesPerFrame")], [0.0; 2]);
        assert!(number(moves, "HostShare") > number(null, "HostShare"), "{size}");
        assert!(number(null, "Ratio") > 1.0 && moves.get("Ratio").is_none(), "{size}");
    }

    // Two builds of one version.
    let mut other = fs::read(author.path("moves.wasm")).unwrap();
    // An empty custom section of the name `x`.
    other.extend([0, 2, 1, b'x']);
    fs::write(author.path("other.wasm"), other).unwrap();
    let options = ["--sizes", "1080p", "--frames", "3", "--against", "other.wasm"];
    let table = author.run_well("", &[&bench[..], &options].concat());
    let rows: Vec<_> = table.lines().filter(|line| line.contains("  3.1 MB")).collect();
    assert_eq!(rows.len(), 2, "{table}");
    assert!(rows[0].starts_with("1920x1080 ") && table.contains("null-filter 0.1.0"), "{table}");
    assert!(rows.iter().all(|row| row.contains("hostile-filter 0.1.0")) && rows[0] != rows[1], "{table}");
}

#[test]
fn what_cannot_be_measured_is_explained() {
    let author = author();
    let run = |more: &[&str], code| author.run_badly("", &[&["plugin", "bench"][..], more].concat(), code);
    assert!(run(&["none.wasm"], 2).contains("none.wasm: No such file"));
    assert!(run(&["policy.wasm"], 1).contains("it is a parameter-policy, but a video-filter is needed"));
    assert!(run(&["mosaic.wasm", "--sizes", "12"], 2).contains("WIDTHxHEIGHT, with sides of 16 to 8192 pixels"));
    assert!(run(&["mosaic.wasm", "--pixel-format", "rgb"], 2).contains("must be one of yuv420p"));
    let wrong = r#"{"Delogos": [{"Style": "smear"}]}"#;
    assert!(run(&["mosaic.wasm", "--params", wrong], 2).contains("--params is refused, 1 fault"));
    let other = ["moves.wasm", "--params", ROUNDTRIP, "--against", "mosaic.wasm", "--against-params", wrong];
    assert!(run(&other, 2).contains("--against-params is refused"));
    let panics = run(&["moves.wasm", "--params", r#"{"Behaviour": "trap"}"#, "--sizes", "64x48"], 1);
    assert!(panics.contains("[PluginTrap]") || panics.contains("PluginTrap"), "{panics}");
}
