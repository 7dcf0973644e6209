//! `wasmux plugin test`, on components that come with the host.

use std::fs;

use serde_json::{Value, json};
use wasmux_tests::pictures::Rgb;
use wasmux_tests::{component, text, workspace};

use super::Author;

/// A mosaic over the middle of a pattern of 64x48 pixels.
const MOSAIC: &str = "pattern = \"noise\"\nwidth = 64\nheight = 48\n[parameters]\nDelogos = [{Width = 32, Height = 16, Dx = 16, Dy = 16}]\n";

fn author(plugin: &str) -> Author {
    let author = Author::new();
    fs::copy(component(plugin), author.path("plugin.wasm")).unwrap();
    author
}

fn case(author: &Author, name: &str, text: &str) {
    let folder = author.path("cases").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("case.toml"), text).unwrap();
}

const TEST: [&str; 3] = ["plugin", "test", "plugin.wasm"];
const BLESS: [&str; 4] = ["plugin", "test", "plugin.wasm", "--bless"];
const JSON: [&str; 4] = ["plugin", "test", "plugin.wasm", "--json"];

#[test]
fn pictures_are_compared_and_differences_shown() {
    let author = author("delogo");
    case(&author, "mosaic", MOSAIC);
    case(&author, "wide", &MOSAIC.replace("height", "pixel_format = \"yuv444p10le\"\nmin_psnr = 60\nheight"));
    let output = author.run("", &TEST);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("mosaic ... FAILED: there is no expected.png; --bless writes it\nwide ... FAILED"), "{said}");
    assert!(text(&output.stderr).contains("2 of 2 cases failed"));
    let blessed = author.run_well("", &BLESS);
    assert!(
        blessed.contains("mosaic ... expected.png is written") && blessed.contains("0 passed, 2 written"),
        "{blessed}"
    );
    assert!(author.run_well("", &TEST).ends_with("mosaic ... ok\nwide ... ok\n2 passed\n"));
    // It is the mosaic and not the noise: four pixels of one block are alike.
    let picture = Rgb::of_video(&author.path("cases/mosaic/expected.png"), 0, 64, 48);
    let pixel = |picture: &Rgb, x: usize, y: usize| {
        let at = (y * picture.width + x) * 3;
        [picture.bytes[at], picture.bytes[at + 1], picture.bytes[at + 2]]
    };
    let near = |a: [u8; 3], b: [u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 12);
    assert!(near(pixel(&picture, 18, 18), pixel(&picture, 19, 19)), "no mosaic");
    assert!(!near(pixel(&picture, 0, 0), pixel(&picture, 1, 1)), "no noise");

    // Another mosaic: the plugin is not what it was.
    case(&author, "mosaic", &MOSAIC.replace("Dx = 16", "Dx = 18"));
    let output = author.run("", &TEST);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let differs =
        said.contains("pixels differ by more than 2, most ") && said.contains("see cases/mosaic/difference.png");
    assert!(differs && said.contains("wide ... ok"), "{said}");
    let shown = Rgb::of_video(&author.path("cases/mosaic/difference.png"), 0, 64 * 3 + 8, 48);
    let same = |x: usize, y: usize| pixel(&shown, x, y) == pixel(&picture, x, y);
    assert!((0..48).all(|y| (0..64).all(|x| same(x, y))), "what is expected stands first");
    assert_eq!(pixel(&shown, 136, 0), [0; 3], "nothing differs outside of the mosaic");
    assert!((0..48).any(|y| (136..200).any(|x| pixel(&shown, x, y).contains(&255))), "the largest difference is white");
    case(&author, "mosaic", MOSAIC);
    author.run_well("", &TEST);
    assert!(!author.path("cases/mosaic/difference.png").exists());
    // Within its tolerance everything is right.
    case(&author, "mosaic", &MOSAIC.replace("Dx = 16", "Dx = 18").replace("width", "max_difference = 255\nwidth"));
    author.run_well("", &TEST);
    case(&author, "mosaic", &MOSAIC.replace("height = 48", "height = 50"));
    let said = text(&author.run("", &TEST).stdout);
    assert!(said.contains("mosaic ... FAILED: it has 64x50 pixels and not 64x48"), "{said}");
}

#[test]
fn a_case_takes_a_clip_or_a_picture_of_its_folder() {
    let author = author("watermark");
    let logo = "[[parameters.Watermarks]]\nType = \"file\"\nURI = \"oss://cases/first/logo.png\"\nDx = 4\nDy = 4\nWidth = 40\n";
    case(&author, "first", &format!("clip = \"clip.mp4\"\ntime = 1\n{logo}"));
    case(&author, "second", &format!("picture = \"picture.png\"\nframes = 3\n{logo}"));
    fs::copy(workspace().join("assets/bigbuckbunny.mp4"), author.path("cases/first/clip.mp4")).unwrap();
    fs::copy(workspace().join("docs/gallery.png"), author.path("cases/first/logo.png")).unwrap();
    author.run_well("", &["frame", "cases/first/clip.mp4", "cases/second/picture.png", "--at", "1"]);
    author.run_well("", &BLESS);
    author.run_well("", &TEST);
    let picture = |path: &str| Rgb::of_video(&author.path(path), 0, 1280, 720);
    let clip = picture("cases/second/picture.png");
    for name in ["first", "second"] {
        let marked = picture(&format!("cases/{name}/expected.png"));
        let outside = marked.psnr(&clip, |x, y| x > 100 || y > 100);
        let inside = marked.psnr(&clip, |x, y| (4..44).contains(&x) && (4..20).contains(&y));
        assert!(outside > 38.0 && inside < 30.0, "{name}: {outside} dB, {inside} dB");
    }
}

#[test]
fn failures_may_be_expected() {
    let author = author("delogo");
    let wrong = MOSAIC.replace("Width = 32", "Style = \"smear\"");
    case(&author, "fails", &format!("fails = \"Delogos[0].Style must be\"\n{wrong}"));
    assert!(author.run_well("", &TEST).contains("fails ... ok"));
    case(&author, "fails", &format!("fails = \"Delogos[1]\"\n{wrong}"));
    case(&author, "must-not", &wrong);
    case(&author, "works", &format!("fails = \"Anything\"\n{MOSAIC}"));
    let output = author.run("", &JSON);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["Passed"], &json["Failed"], &json["Wrong"]), (&0.into(), &3.into(), &0.into()));
    for (index, part) in ["it must fail with `Delogos[1]`, but says: ", "Delogos[0].Style must be", "but does not"]
        .into_iter()
        .enumerate()
    {
        let case = &json["Cases"][index];
        assert!(case["Result"] == "Failed" && case["Reason"].as_str().unwrap().contains(part), "{case}");
    }
    // Nothing is written down for what fails.
    assert_eq!(author.run("", &BLESS).status.code(), Some(1));
    assert!(!author.path("cases/must-not/expected.png").exists());
}

#[test]
fn policies_are_asked() {
    let author = Author::new();
    fs::copy(component("uri_template"), author.path("plugin.wasm")).unwrap();
    case(&author, "uri", "template = \"oss://{bucket}/{name}.mp4\"\n[variables]\nbucket = \"b\"\nname = \"n\"\n");
    case(&author, "unknown", "template = \"oss://{bucket}/x\"\nfails = \"bucket\"\n");
    author.run_well("", &BLESS);
    assert_eq!(fs::read_to_string(author.path("cases/uri/expected.txt")).unwrap(), "oss://b/n.mp4\n");
    fs::write(author.path("cases/uri/expected.txt"), "oss://b/m.mp4").unwrap();
    let said = text(&author.run("", &TEST).stdout);
    assert!(said.contains("uri ... FAILED: it says `oss://b/n.mp4` and not `oss://b/m.mp4`"), "{said}");

    let author = Author::new();
    fs::copy(component("parameters"), author.path("plugin.wasm")).unwrap();
    case(&author, "answer", "document = \"request.json\"\n");
    let template = workspace().join("plugins/examples/per-title/cases/full-hd/request.json");
    fs::copy(template, author.path("cases/answer/request.json")).unwrap();
    author.run_well("", &BLESS);
    author.run_well("", &TEST);
    let expected = author.path("cases/answer/expected.json");
    let mut answer: Value = serde_json::from_slice(&fs::read(&expected).unwrap()).unwrap();
    assert_eq!(answer["Video"]["Scale"], json!({"Width": 1920, "Height": 1080}));
    answer["Video"]["Scale"]["Height"] = 7.into();
    fs::write(&expected, answer.to_string()).unwrap();
    let said = text(&author.run("", &TEST).stdout);
    assert!(said.contains("FAILED: Video.Scale.Height is 1080 and not 7; see cases/answer/got.json"), "{said}");
    assert!(author.path("cases/answer/got.json").is_file());
    author.run_well("", &BLESS);
    assert!(!author.path("cases/answer/got.json").exists());
    author.run_well("", &TEST);
}

#[test]
fn wrong_cases_are_explained_and_the_others_run() {
    let author = author("delogo");
    assert!(author.run_badly("", &TEST, 2).contains("--cases cases: No such file"));
    fs::create_dir(author.path("cases")).unwrap();
    assert!(author.run_badly("", &TEST, 2).contains("has no cases"));
    case(&author, "right", MOSAIC);
    author.run_well("", &BLESS);
    case(&author, "wrong", "pattern = \"noise\"\nwidth = 9000\nsize = 1\n");
    fs::create_dir(author.path("cases/empty")).unwrap();
    let output = author.run("", &TEST);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("right ... ok") && said.contains("empty ... WRONG: cases/empty/case.toml: No such file"),
        "{said}"
    );
    assert!(
        said.contains("wrong ... WRONG: cases/wrong/case.toml: ") && said.contains("unknown field `size`"),
        "{said}"
    );
    fs::write(author.path("cases/wrong/case.toml"), "template = \"x\"").unwrap();
    let said = text(&author.run("", &TEST).stdout);
    assert!(said.contains("`template` is for a uri-policy, and the plugin is a video-filter"), "{said}");

    assert!(author.run_badly("", &["plugin", "test"], 2).contains("Cargo.toml: No such file"));
    fs::write(author.path("Cargo.toml"), "[package]\nname = \"mine\"\n").unwrap();
    assert!(author.run_badly("", &["plugin", "test"], 2).contains("there is no mine.wasm here yet"));
    fs::write(author.path("garbage.wasm"), "garbage").unwrap();
    assert!(author.run_badly("", &["plugin", "test", "garbage.wasm"], 1).contains("garbage.wasm cannot be used"));
}
