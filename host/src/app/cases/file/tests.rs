use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A case of this text, beside a file `a.png`.
fn read(text: &str, world: World) -> Result<Case, Vec<String>> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("wasmux-case-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(FILE), text).unwrap();
    fs::write(folder.join("a.png"), "").unwrap();
    let case = Case::read(&folder, world);
    fs::remove_dir_all(&folder).unwrap();
    case
}

fn faults(text: &str, world: World) -> String {
    read(text, world).unwrap_err().join("\n")
}

#[test]
fn a_case_is_read_with_its_defaults() {
    let case = read("pattern = \"bars\"\nwidth = 8\nheight = 6", World::VideoFilter).unwrap();
    let Asked::Filter(asked) = case.asked else { panic!("{case:?}") };
    assert!(matches!(asked.input, Input::Made { pattern: Pattern::Bars, width: 8, height: 6 }));
    assert_eq!((asked.time, asked.frames, asked.pixel_format), (0.0, 1, None));
    assert_eq!((asked.parameters, asked.tolerance.difference), (serde_json::json!({}), Some(2)));
    let text = "picture = \"a.png\"\nmin_psnr = 40\ntime = 1\npixel_format = \"yuv444p10le\"\n[parameters]\nA = [1, {B = true}]";
    let Asked::Filter(asked) = read(text, World::VideoFilter).unwrap().asked else { panic!() };
    assert_eq!(asked.tolerance, Tolerance { difference: None, psnr: Some(40.0) });
    assert_eq!(asked.parameters, serde_json::json!({"A": [1, {"B": true}]}));
    let text = "template = \"oss://{a}\"\nfails = \"NoA\"\n[variables]\nb = \"c\"";
    let case = read(text, World::UriPolicy).unwrap();
    assert!(matches!(&case.expected, Expected::Failure(part) if part == "NoA"));
    assert!(matches!(case.asked, Asked::Uri { variables, .. } if variables == [("b".to_owned(), "c".to_owned())]));
}

#[test]
fn faults_name_the_field_and_what_is_allowed() {
    let filter = |text: &str| faults(text, World::VideoFilter);
    assert!(filter("").contains("case.toml: one of `picture`, `clip`, `pattern` must be given, and none is"));
    assert!(filter("picture = \"a.png\"\nclip = \"a.png\"").contains("several are"));
    let all = filter("pattern = \"bars\"\nwidth = 0\nframes = 0\ntime = -1\nmin_psnr = 300\nfails = \"\"");
    for part in [
        "`width` is 0; allowed are 1 to 8192",
        "`height` is missing",
        "`frames` is 0",
        "`time` is -1; allowed are 0 to",
        "`min_psnr` is 300; allowed are 0 to 200",
        "`fails` must be",
    ] {
        assert!(all.contains(part), "{part} is not in\n{all}");
    }
    assert!(filter("pattern = \"dots\"").contains("expected one of `bars`"));
    assert!(filter("picture = \"a.png\"\nPixelformat = 1").contains("unknown field `Pixelformat`, expected one of"));
    let clip = filter("clip = \"a.png\"\nframes = 2");
    assert!(clip.contains("`frames` does not go with `clip`; what does is `description`, `fails`, `max_dif"), "{clip}");
    assert!(filter("picture = \"b.png\"").contains("`picture` is b.png, and there is no such file"));
    assert!(filter("max_difference = 256").contains("256"));
    let uri = faults("document = \"a.png\"", World::UriPolicy);
    assert!(
        uri.contains("`document` is for a parameter-policy, and the plugin is a uri-policy; allowed are `template`")
    );
    assert!(read("document = \"a.png\"", World::ParameterPolicy).is_ok());
}
