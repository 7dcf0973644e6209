use wasmux_sdk::testing::{Host, open, picture};

use super::*;

#[test]
fn the_request_of_the_guide() {
    let host = host_with_font(FONT);
    let picture = picture(1920, 1080);
    let parameters = r##"{"Watermarks":[{"Type":"text","Content":"Intelligent Media Management","FontName":"SourceHanSans-Regular","FontSize":100,"FontColor":"#FFFFFF","FontApha":0.8,"ReferPos":"bottomright","Dx":20,"Dy":20}]}"##;
    let mut filter = open::<WatermarkFilter>(&picture.setup(), parameters).unwrap();
    let area = filter.regions()[0].area;
    assert_eq!((area.right(), area.bottom()), (1900, 1060));
    assert!((1300..1600).contains(&area.width) && (110..160).contains(&area.height), "{area}");
    let mut frame = backdrop(&picture);
    filter.process(&mut frame).unwrap();
    show(&frame, "guide.png");
    assert!(area.contains(lit(&drawn(&picture, parameters))));
    host.assert_no_warnings();
}

#[test]
fn many_scripts_with_a_border() {
    let host = Host::install();
    let (Ok(latin), Ok(chinese)) = (std::fs::read(FONT_FILES[0]), std::fs::read(FONT_FILES[1])) else { return };
    host.font_covering(FONT, chinese, "智能媒体管理한국어");
    host.font_covering("DejaVu Sans", latin, "مرحبا بالعالم");
    let picture = picture(1280, 720);
    let parameters = r##"{"Watermarks":[{"Content":"智能媒体管理 Wasmux, AVATAR To\nمرحبا بالعالم 123\nKaty’s fjord — ½ ÅÇ 한국어","FontSize":72,"FontColor":"gold","BorderWidth":6,"BorderColor":"#202080","Dx":40,"Dy":40}]}"##;
    let mut filter = open::<WatermarkFilter>(&picture.setup(), parameters).unwrap();
    let mut frame = backdrop(&picture);
    filter.process(&mut frame).unwrap();
    show(&frame, "scripts.png");
    host.assert_no_warnings();
    let ink = lit(&drawn(&picture, parameters));
    assert!(filter.regions()[0].area.contains(ink));
    assert!(ink.height > 240);
}

#[test]
fn lines_kerning_and_borders_make_the_box() {
    let _host = host_with_font(FONT);
    let setup = picture(1920, 1080).setup();
    let size = |parameters: &str| {
        let area =
            open::<WatermarkFilter>(&setup, &text(&format!(r#""Dx":200,"Dy":200,{parameters}"#))).unwrap().regions()[0]
                .area;
        (area.width, area.height)
    };
    let one = size(r#""Content":"AVAVAV""#);
    let two = size(r#""Content":"AVAVAV\nA""#);
    assert_eq!(two.0, one.0);
    assert!(two.1.abs_diff(2 * one.1) <= 1);
    let border = size(r#""Content":"AVAVAV","BorderWidth":5"#);
    assert_eq!(border, (one.0 + 10, one.1 + 10));
    assert!(one.0 < size(r#""Content":"AAAVVV""#).0, "pairs are kerned");
}

#[test]
fn right_to_left_lines_begin_at_the_right() {
    let _host = host_with_font(FONT);
    if FONT_FILES[0..1].iter().any(|path| !std::path::Path::new(path).exists()) {
        return;
    }
    let picture = picture(640, 200);
    let frame = drawn(&picture, &text(r#""Content":"wide wide wide wide\nשלום""#));
    let (width, samples) = (640, frame.samples(0));
    let row_of =
        |from: usize| (0..width).filter(|x| (from..from + 40).any(|y| samples[y * width + x] > 16)).collect::<Vec<_>>();
    let (first, second) = (row_of(4), row_of(54));
    assert!(second.first().unwrap() > &(first.last().unwrap() / 2));
    assert!(second.last().unwrap().abs_diff(*first.last().unwrap()) < 12);
}

#[test]
fn letters_are_antialiased_and_opacity_scales_them() {
    let _host = host_with_font(FONT);
    let levels = |alpha: &str| {
        let frame = drawn(&picture(400, 100), &text(&format!(r#""Content":"Soße","FontApha":{alpha}"#)));
        let mut levels = frame.samples(0);
        levels.sort_unstable();
        levels.dedup();
        levels
    };
    let (full, half) = (levels("1"), levels("0.5"));
    assert!(full.len() > 40, "only {} levels", full.len());
    assert_eq!((*full.last().unwrap(), *half.last().unwrap()), (235, 126));
}

#[test]
fn unknown_fonts_are_replaced() {
    let host = host_with_font("Other");
    let mut filter =
        open::<WatermarkFilter>(&picture(640, 360).setup(), &text(r#""Content":"abc","FontName":"Nice""#)).unwrap();
    host.assert_warned("FontUnavailable", "Watermarks[0].FontName");
    assert!(host.warnings()[0].message.contains("`Other`"));
    assert_eq!(filter.process(&mut picture(640, 360).frame()), Ok(true));
}

#[test]
fn without_any_font_there_is_an_error() {
    let host = Host::install();
    host.font("Broken", [0; 100]);
    let error = open::<WatermarkFilter>(&picture(640, 360).setup(), &text(r#""Content":"abc""#)).err().unwrap();
    assert_eq!((error.code(), error.field_path()), ("NoFont", Some("Watermarks[0].FontName")));
    host.assert_warned("FontDamaged", "Watermarks[0].FontName");
}

#[test]
fn missing_glyphs_are_named() {
    let host = host_with_font(FONT);
    open::<WatermarkFilter>(&picture(640, 360).setup(), &text(r#""Content":"a\uE123\u200D b""#)).unwrap();
    host.assert_warned("MissingGlyphs", "Watermarks[0].Content");
    assert!(host.warnings()[0].message.contains("U+E123"));
    assert!(!host.warnings()[0].message.contains("U+200D"));
}

#[test]
fn a_text_wider_than_the_frame_is_clipped() {
    let host = host_with_font(FONT);
    let long = "wide ".repeat(100);
    for corner in ["topleft", "bottomright"] {
        let frame =
            drawn(&picture(320, 100), &text(&format!(r#""Content":"{long}","BorderWidth":2,"ReferPos":"{corner}""#)));
        assert!(lit(&frame).width > 300);
    }
    host.assert_warned("Clipped", "Watermarks[0]");
    host.assert_warned("TextTooWide", "Watermarks[0].Content");
}

#[test]
fn a_text_that_only_leaves_the_frame_is_not_too_wide() {
    let host = host_with_font(FONT);
    open::<WatermarkFilter>(&picture(320, 100).setup(), &text(r#""Content":"wide","Dx":300"#)).unwrap();
    host.assert_warned("Clipped", "Watermarks[0]");
    assert!(host.warnings().iter().all(|warning| warning.code != "TextTooWide"));
}

#[test]
fn a_huge_border_covers_the_frame() {
    let host = host_with_font(FONT);
    let frame = drawn(
        &picture(320, 180),
        &text(r#""Content":"a","BorderWidth":300,"BorderColor":"white","ReferPos":"topleft""#),
    );
    show(&frame, "huge.png");
    assert_eq!((frame.sample(0, 319, 179), frame.sample(0, 0, 0)), (235, 16));
    // At its largest the letter and its round border are far outside, though the box is not.
    let largest = text(r#""Content":"a","BorderWidth":4096,"BorderColor":"white","ReferPos":"topleft""#);
    assert!(lit(&drawn(&picture(320, 180), &largest)).is_empty());
    assert!(host.warnings().iter().any(|warning| warning.code == "Empty" || warning.code == "OutsideFrame"));
}

#[test]
fn empty_texts_draw_nothing() {
    let host = host_with_font(FONT);
    for content in ["", " \\n\\t "] {
        let filter =
            open::<WatermarkFilter>(&picture(320, 180).setup(), &text(&format!(r#""Content":"{content}""#))).unwrap();
        assert!(filter.regions()[0].area.is_empty());
    }
    assert_eq!(host.warnings().len(), 2);
    host.assert_warned("Empty", "Watermarks[0].Content");
}

#[test]
fn emoji_of_debian_are_drawn_in_their_colours() {
    let host = Host::install();
    let path = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf";
    let emoji = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}: run the project's setup"));
    let length = emoji.len() as u64;
    host.font_covering(FONT, std::fs::read(FONT_FILES[0]).unwrap(), "Ag z");
    // A smile, an astronaut of several characters, a thumb with a skin tone, and a flag.
    host.font_covering("NotoColorEmoji", emoji, "🤣👩🚀👍🏽🇫🇷");
    let picture = picture(900, 200);
    let parameters = |content: &str, more: &str| {
        format!(
            r#"{{"Watermarks":[{{"Content":"{content}","FontSize":80,"FontColor":"white","Dx":20,"Dy":20{more}}}]}}"#
        )
    };
    let before = host.font_bytes_read();
    let frame = drawn(&picture, &parameters("Ag 🤣👩\u{200d}🚀👍🏽🇫🇷 z", r#","BorderWidth":3,"BorderColor":"red""#));
    show(&frame, "emoji.png");
    host.assert_no_warnings();
    assert!(host.font_bytes_read() - before < length / 8, "{} bytes read", host.font_bytes_read() - before);
    let width = |content: &str| lit(&drawn(&picture, &parameters(content, ""))).width;
    let one = width("🤣");
    assert!((80..=105).contains(&one), "{one} pixels");
    for single in ["👩\u{200d}🚀", "👍🏽", "🇫🇷"] {
        assert!(width(single) < 110, "{single} is one picture");
    }
    assert!(width("🤣🤣") > 180);
    assert_eq!(lit(&drawn(&picture, &parameters("🤣", r#","BorderWidth":5"#))).width, one, "no border around pictures");
}

#[test]
fn pictures_of_sbix_have_the_size_of_the_letters() {
    let host = Host::install();
    host.font(FONT, font_test_data::NOTO_HANDWRITING_SBIX);
    let picture = picture(300, 200);
    let ink = |size: u32, more: &str| {
        let parameters = format!(
            r#"{{"Watermarks":[{{"Content":"✍","FontSize":{size},"FontColor":"white","Dx":40,"Dy":40{more}}}]}}"#
        );
        let frame = drawn(&picture, &parameters);
        show(&frame, "sbix.png");
        (lit(&frame), frame.samples(0).into_iter().max().unwrap())
    };
    let (large, light) = ink(100, "");
    let (small, _) = ink(50, "");
    assert!((60..=120).contains(&large.height), "{large}");
    assert!(large.height.abs_diff(2 * small.height) <= 3, "{large} and {small}");
    assert_eq!(ink(100, r#","BorderWidth":9"#).0.width, large.width, "no border around pictures");
    let (_, faint) = ink(100, r#","FontApha":0.5"#);
    assert!((faint - 16).abs_diff((light - 16) / 2) <= 2, "{faint} and {light}");
    host.assert_no_warnings();
}

/// Noto Sans CJK has Greek letters and no Greek accents.
#[test]
fn a_word_with_a_letter_that_the_font_lacks_is_written_with_one_that_has_it() {
    let [dejavu, noto] = FONT_FILES;
    let alone = |name: &str, content: &str| {
        let host = Host::install();
        host.font_file(name, if name == FONT { noto } else { dejavu }, 0).unwrap();
        let parameters = format!(r#""Content":"{content}","FontName":"{name}""#);
        drawn(&picture(320, 80), &text(&parameters)).samples(0)
    };
    let both = |content: &str| {
        let host = Host::install();
        host.font_covering(FONT, std::fs::read(noto).unwrap(), "λαγος ");
        host.font_covering("DejaVu Sans", std::fs::read(dejavu).unwrap(), "λαγόςο");
        let parameters = format!(r#""Content":"{content}""#);
        let frame = drawn(&picture(320, 80), &text(&parameters));
        host.assert_no_warnings();
        frame
    };
    show(&both("λαγός λαγος"), "greek.png");
    assert_eq!(both("λαγος").samples(0), alone(FONT, "λαγος"));
    // The line is as high as that of the first font, so only the rows differ.
    let ink = |samples: &[u16]| samples.iter().filter(|sample| **sample > 100).count();
    let (mixed, whole) = (both("λαγός").samples(0), alone("DejaVu Sans", "λαγός"));
    assert_eq!(ink(&mixed), ink(&whole));
}
