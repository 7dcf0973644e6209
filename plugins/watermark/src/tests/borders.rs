use cosmic_text::skrifa::{FontRef, MetadataProvider};
use wasmux_sdk::testing::{Host, open, picture};

use super::*;

const CONTENT: &str = "Åj字Wgf体.";

fn host_with_two_fonts() -> Option<Host> {
    let (Ok(latin), Ok(chinese)) = (std::fs::read(FONT_FILES[0]), std::fs::read(FONT_FILES[1])) else { return None };
    let host = Host::install();
    // Without Latin letters for the host, so that a line has two fonts.
    host.font_covering(FONT, latin, "ÅjWgf.");
    host.font_covering("Chinese", chinese, "字体");
    Some(host)
}

fn words(border: u32, colour: &str, place: &str) -> String {
    text(&format!(r#""Content":"{CONTENT}","BorderWidth":{border},"BorderColor":"{colour}",{place}"#))
}

/// Distances from every sample to the nearest one that is brighter than that.
fn distances(letters: &FakeFrame, than: u16) -> Vec<f64> {
    let (width, height) = (letters.setup().width() as usize, letters.setup().height() as usize);
    let samples = letters.samples(0);
    let inked: Vec<(f64, f64)> = (0..width * height)
        .filter(|at| samples[*at] > than)
        .map(|at| ((at % width) as f64, (at / width) as f64))
        .collect();
    let distance = |x: f64, y: f64| inked.iter().map(|ink| (ink.0 - x).hypot(ink.1 - y)).fold(f64::MAX, f64::min);
    (0..width * height).map(|at| distance((at % width) as f64, (at / width) as f64)).collect()
}

#[test]
fn borders_are_even_around_the_glyphs_of_all_fonts() {
    let Some(_host) = host_with_two_fonts() else { return };
    let picture = picture(300, 80);
    for border in [1u32, 3, 7] {
        // The box begins further left the wider its border is, so that the letters stay where they are.
        let place = |border: u32| format!(r#""Dx":{},"Dy":{}"#, 20 - border, 20 - border);
        let letters = drawn(&picture, &words(0, "white", &place(0)));
        let both = drawn(&picture, &words(border, "white", &place(border)));
        show(&both, &format!("border-{border}.png"));
        let samples = both.samples(0);
        // Inside of half covered samples, and not outside of those that are covered at all.
        let (half, any) = (distances(&letters, 125), distances(&letters, 16));
        for at in 0..samples.len() {
            let (x, y) = (at % 300, at / 300);
            if half[at] <= f64::from(border) - 1.0 {
                assert!(samples[at] >= 233, "border {border}: {} at {x},{y}, {} from a letter", samples[at], half[at]);
            } else if any[at] >= f64::from(border) + 1.5 {
                assert_eq!(samples[at], 16, "border {border}: at {x},{y}, {} from a letter", any[at]);
            }
        }
    }
}

#[test]
fn borders_move_letters_by_their_width_and_not_more() {
    let Some(_host) = host_with_two_fonts() else { return };
    let picture = picture(320, 120);
    for corner in ["topleft", "topright", "bottomleft", "bottomright"] {
        let place = format!(r#""ReferPos":"{corner}","Dx":4,"Dy":2"#);
        let plain = drawn(&picture, &words(0, "black", &place));
        for border in [1, 5] {
            // On black a black border is not seen.
            let bordered = drawn(&picture, &words(border, "black", &place));
            let (right, down) = (corner.ends_with("left"), corner.starts_with("top"));
            for (x, y) in (10..310).flat_map(|x| (10..110).map(move |y| (x, y))) {
                let there = (if right { x + border } else { x - border }, if down { y + border } else { y - border });
                let (before, after) = (plain.sample(0, x, y), bordered.sample(0, there.0, there.1));
                assert!(before.abs_diff(after) <= 1, "{corner} {border}: {before} and {after} at {x},{y}");
            }
        }
    }
}

#[test]
fn nothing_leaves_the_frame_where_the_box_does_not() {
    let Some(host) = host_with_two_fonts() else { return };
    // These letters begin left of where they are put, and reach above and below their lines.
    for content in ["j", "Åj字", "ẬÅ\u{30a}\u{302}", "f"] {
        for (border, colour) in [(0, "black"), (6, "white")] {
            let parameters = |place: &str| {
                text(&format!(r#""Content":"{content}","BorderWidth":{border},"BorderColor":"{colour}",{place}"#))
            };
            let picture = picture(400, 300);
            let middle = lit(&drawn(&picture, &parameters(r#""Dx":60,"Dy":60"#)));
            for corner in ["topleft", "topright", "bottomleft", "bottomright"] {
                let parameters = parameters(&format!(r#""ReferPos":"{corner}""#));
                let ink = lit(&drawn(&picture, &parameters));
                assert_eq!((ink.width, ink.height), (middle.width, middle.height), "{content} {border} {corner}");
                let area = open::<WatermarkFilter>(&picture.setup(), &parameters).unwrap().regions()[0].area;
                assert!(area.contains(ink));
            }
        }
    }
    host.assert_no_warnings();
}

#[test]
fn glyphs_have_colours_of_their_own() {
    let host = Host::install();
    host.font(FONT, font_test_data::COLRV0V1);
    // A glyph of circles, each in a colour of its own.
    let circles = {
        let font = FontRef::new(font_test_data::COLRV0V1).unwrap();
        let found = font.charmap().mappings().find(|(_, glyph)| glyph.to_u32() == 168);
        char::from_u32(found.unwrap().0).unwrap()
    };
    let picture = picture(200, 120);
    let levels = |parameters: &str| {
        let frame = drawn(&picture, &text(&format!(r#""Content":"{circles}","Dx":20,"Dy":20,{parameters}"#)));
        show(&frame, "coloured.png");
        let mut chroma: Vec<(u16, u16)> = frame.samples(1).into_iter().zip(frame.samples(2)).collect();
        chroma.sort_unstable();
        chroma.dedup();
        (frame, chroma.len())
    };
    let (plain, colours) = levels(r#""BorderColor":"white""#);
    assert!(colours > 3, "{colours} colours");
    let (bordered, _) = levels(r#""BorderColor":"white","BorderWidth":4"#);
    let (before, after) = (lit(&plain), lit(&bordered));
    // What hardly covers a sample is not seen with both.
    assert!((before.width + 8).abs_diff(after.width) <= 1, "{before} and {after}");
    assert!((before.height + 8).abs_diff(after.height) <= 1, "{before} and {after}");
    let (_, transparent) = levels(r#""BorderColor":"white","FontApha":0.5"#);
    assert!(transparent > 3, "{transparent} colours");
    host.assert_no_warnings();
}
