use std::path::Path;

use cosmic_text::Weight;
use cosmic_text::skrifa::{FontRef, MetadataProvider};
use proptest::prelude::*;
use wasmux_sdk::fonts::{Font, find};
use wasmux_sdk::testing::Host;
use zeno::Point;

use super::*;
use crate::picture::decode_png;
use crate::text::fonts::FontSet;
use crate::text::layout::lay_out;
use crate::text::outline::Outlines;

const CHINESE: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";
const LATIN: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
const TEXT: &str = "智能媒体管理服务的文字水印测试中国加油世";

fn loaded(host: &Host, bytes: Vec<u8>, index: u32, text: &str) -> (Font, Face) {
    host.font_face("F", bytes, index);
    let face = FontLibrary::default().load(find("F").unwrap(), &[text.to_owned()]);
    (find("F").unwrap(), face)
}

/// The glyphs of the characters, or the first 40.
fn glyphs(font: &FontRef<'_>, text: &str) -> BTreeSet<u16> {
    let named: BTreeSet<u16> =
        text.chars().filter_map(|c| u16::try_from(font.charmap().map(c)?.to_u32()).ok()).collect();
    if named.is_empty() { (0..40).collect() } else { named }
}

fn drawn(font: &FontRef<'_>, glyph: u16, weight: Weight) -> String {
    let mut path = Vec::new();
    Outlines::of(font, weight).draw(glyph, 48.0, Point::new(0.0, 0.0), &mut path);
    format!("{path:?}")
}

/// Compares the outlines of glyphs with those of the file as a whole, and tells how many glyphs have any.
fn compare(host: &Host, bytes: &[u8], index: u32, text: &str) -> usize {
    let (_, face) = loaded(host, bytes.to_vec(), index, text);
    let whole = FontRef::from_index(bytes, index).unwrap();
    let glyphs = glyphs(&whole, text);
    let file = face.drawing(&glyphs);
    let mut found = 0;
    for weight in [Weight::NORMAL, Weight::BOLD] {
        for glyph in &glyphs {
            let expected = drawn(&whole, *glyph, weight);
            assert_eq!(drawn(&FontRef::new(&file).unwrap(), *glyph, weight), expected, "glyph {glyph}");
            found += usize::from(expected.len() > 2);
        }
    }
    found / 2
}

#[test]
fn a_large_collection_is_read_in_small_part() {
    let Ok(bytes) = std::fs::read(CHINESE) else { return };
    let host = Host::install();
    let (font, face) = loaded(&host, bytes.clone(), 2, TEXT);
    let shaping = host.font_bytes_read();
    assert!(shaping < font.length() / 25, "{shaping} bytes for shaping");
    let whole = FontRef::from_index(&bytes, 2).unwrap();
    face.drawing(&glyphs(&whole, TEXT));
    let read = host.font_bytes_read();
    assert!(read < font.length() / 10, "{read} bytes of {}", font.length());
    face.drawing(&glyphs(&whole, "智能"));
    assert_eq!(host.font_bytes_read(), read, "what was read is not read again");
    assert_eq!(compare(&host, &bytes, 2, TEXT), 20);
}

/// The face with all of its tables, as if it were read as a whole.
fn whole_face(font: Font) -> Face {
    let tables = Tables::open(font).unwrap();
    let all = tables.places.iter().map(|place| (place.tag, tables.whole(place.tag).unwrap())).collect();
    let file = tables.file(all).unwrap();
    let made = RefCell::new(((0..=u16::MAX).collect(), Rc::new(file.clone())));
    let drawing = Rc::new(Drawing { tables: None, made });
    Face { name: "F".to_owned(), index: 0, with_outlines: true, shaping: Arc::new(file), drawing }
}

#[test]
fn texts_are_the_same_as_with_the_whole_file() {
    for (path, index, text) in [
        (CHINESE, 2, TEXT),
        (CHINESE, 2, "ＡＢ カ゚ e\u{301} 한국어 AVATAR “fi”"),
        (LATIN, 0, "AVATAR fi e\u{301}q\u{323} مرحبا بالعالم שָׁלוֹם ½"),
    ] {
        let Ok(bytes) = std::fs::read(path) else { continue };
        let host = Host::install();
        let (font, face) = loaded(&host, bytes, index, text);
        let [part, whole] = [face, whole_face(font)].map(|face| {
            let mut set = FontSet::new(Weight::NORMAL);
            assert!(set.add(&face));
            let laid = lay_out(&[text.to_owned()], 40.0, &mut set);
            format!("{:?} {:?} {:?} {:?}", laid.width, laid.height, laid.missing, laid.outlines)
        });
        assert!(part.len() > 2000);
        assert_eq!(part, whole, "{text}");
    }
}

#[test]
fn outlines_are_those_of_the_whole_file() {
    for (name, bytes, partial) in [
        ("CFF", font_test_data::NOTO_SERIF_DISPLAY_TRIMMED.to_vec(), false),
        ("CFF of a collection of fonts", font_test_data::NOTO_SANS_JP_CFF.to_vec(), true),
        ("CFF with a matrix", font_test_data::MATERIAL_ICONS_SUBSET_MATRIX.to_vec(), false),
        ("CFF2", font_test_data::CANTARELL_VF_TRIMMED.to_vec(), true),
        ("gvar", font_test_data::VAZIRMATN_VAR.to_vec(), true),
        ("components", font_test_data::GLYF_COMPONENTS.to_vec(), true),
    ] {
        let host = Host::install();
        assert!(compare(&host, &bytes, 0, "") > 0, "{name}");
        let (font, _) = loaded(&host, bytes, 0, "");
        let tables = Tables::open(font).unwrap();
        let all = (0..40).collect();
        let made = [b"CFF2", b"CFF "].map(|tag| cff::partial(&tables, Tag::new(tag), &all).is_some());
        assert_eq!(made.contains(&true) || glyf::partial(&tables, &all).is_some(), partial, "{name}");
    }
    let Ok(bytes) = std::fs::read(LATIN) else { return };
    let host = Host::install();
    assert_eq!(compare(&host, &bytes, 0, "Ångström ﬁ ½ ǆ"), 11);
}

#[test]
fn the_boxes_of_outlines_are_there_where_marks_are_put_by_them() {
    if !Path::new(LATIN).exists() {
        return;
    }
    let host = Host::install();
    for (text, there) in [("e", false), ("e\u{301}", true)] {
        let (_, face) = loaded(&host, std::fs::read(LATIN).unwrap(), 0, text);
        let tables = FontRef::new(&face.shaping).unwrap();
        assert_eq!(tables.table_data(Tag::new(b"glyf")).is_some(), there, "{text}");
    }
}

#[test]
fn pictures_of_glyphs_are_found_in_both_kinds_of_tables() {
    let host = Host::install();
    let (_, face) = loaded(&host, font_test_data::EMBEDDED_BITMAPS.to_vec(), 0, "");
    let pictures = face.pictures().unwrap();
    let file = b"\x89PNG\r\n\x1a\n".to_vec();
    let expected = GlyphPicture { file, per_em: (109.0, 109.0), left: 0.0, edge: Edge::Top(101.0) };
    assert_eq!(pictures.read(4, 20.0), Some(expected));
    assert_eq!(pictures.read(3, 20.0), None);
    let (_, face) = loaded(&host, font_test_data::NOTO_HANDWRITING_SBIX.to_vec(), 0, "");
    let pictures = face.pictures().unwrap();
    let found: Vec<u16> = (0..40).filter(|glyph| pictures.read(*glyph, 20.0).is_some()).collect();
    assert_eq!(found, [7, 8, 9, 10, 11, 12]);
    // What may be read is as much as the file is long, which was read.
    let picture = face.pictures().unwrap().read(7, 20.0).unwrap();
    assert_eq!((picture.per_em, picture.left, picture.edge), ((109.0, 109.0), 4.0, Edge::Bottom(-27.0)));
    assert_eq!(decode_png(&Arc::from(picture.file.clone()), 128).unwrap().width(), 128);
    assert!(decode_png(&Arc::from(picture.file), 127).is_err());
}

/// A font with one strike of 32 bits, whose glyphs 5 to 7 have an index of this format and images of that one.
fn strike(index_format: u16, image_format: u16, images: [&[u8]; 3]) -> Vec<u8> {
    let metrics = [9u8, 8, 250, 7, 6, 0, 0, 0];
    let images = images.map(|file| {
        let length = u32::try_from(file.len()).unwrap().to_be_bytes();
        let metrics = &metrics[..[5, 8, 0][usize::from(image_format - 17)]];
        [metrics, &length, file].concat()
    });
    let data = [&[0, 3, 0, 0][..], &images.concat()].concat();
    let size = u32::try_from(images[0].len()).unwrap().to_be_bytes();
    let ends = [0, images[0].len(), images[0].len() + images[1].len(), data.len() - 4];
    let (mut glyphs, mut lists) = (5u16..9, [Vec::new(), Vec::new(), Vec::new()]);
    for end in ends {
        let short = u16::try_from(end).unwrap().to_be_bytes();
        lists[0].extend(u32::try_from(end).unwrap().to_be_bytes());
        lists[1].extend(short);
        lists[2].extend([glyphs.next().unwrap().to_be_bytes(), short].concat());
    }
    let body = match index_format {
        1 => lists[0].clone(),
        2 => [&size[..], &metrics].concat(),
        3 => lists[1].clone(),
        4 => [&[0, 0, 0, 3], lists[2].as_slice()].concat(),
        _ => [&size[..], &metrics, &[0, 0, 0, 3, 0, 5, 0, 6, 0, 7]].concat(),
    };
    let mut index = [0, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 56].to_vec();
    index.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    // Colours and metrics of lines, which are not read, then the glyphs, the pixels in an em and the bits of a pixel.
    index.resize(48, 0);
    index.extend([0, 5, 0, 7, 20, 40, 32, 1]);
    index.extend([0, 5, 0, 7, 0, 0, 0, 8]);
    index.extend([index_format.to_be_bytes(), image_format.to_be_bytes(), [0, 0], [0, 4]].concat());
    index.extend(body);
    let host = Host::install();
    let (font, _) = loaded(&host, font_test_data::EMBEDDED_BITMAPS.to_vec(), 0, "");
    let tables = Tables::open(font).unwrap();
    let kept = [b"head", b"maxp"].map(|tag| (Tag::new(tag), tables.whole(Tag::new(tag)).unwrap()));
    tables.file([kept.to_vec(), vec![(Tag::new(b"CBLC"), index), (Tag::new(b"CBDT"), data)]].concat()).unwrap()
}

#[test]
fn every_kind_of_index_leads_to_the_picture() {
    for (index_format, image_format) in [(1, 17), (1, 18), (3, 17), (4, 18), (2, 19), (5, 19)] {
        let bytes = strike(index_format, image_format, [b"one", b"two", b"six"]);
        let host = Host::install();
        let (_, face) = loaded(&host, bytes, 0, "");
        let pictures = face.pictures().unwrap();
        let files: Vec<_> = (4..9).map(|glyph| pictures.read(glyph, 10.0).map(|picture| picture.file)).collect();
        let expected = [None, Some(b"one".to_vec()), Some(b"two".to_vec()), Some(b"six".to_vec()), None];
        assert_eq!(files, expected, "index {index_format}, image {image_format}");
        let picture = face.pictures().unwrap().read(6, 90.0).unwrap();
        assert_eq!((picture.per_em, picture.left, picture.edge), ((20.0, 40.0), -6.0, Edge::Top(7.0)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    /// Any damage leads to less, never to a panic, and never to more reading than the file is long for each of the two files.
    #[test]
    fn damage_is_bounded(which in 0usize..11, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40), cut: prop::sample::Index) {
        let fonts = [font_test_data::NOTO_HANDWRITING_SBIX, font_test_data::EMBEDDED_BITMAPS, font_test_data::NOTO_SANS_JP_CFF, font_test_data::CANTARELL_VF_TRIMMED, font_test_data::VAZIRMATN_VAR, font_test_data::GLYF_COMPONENTS];
        let mut bytes = fonts.get(which).map_or_else(|| strike(u16::try_from(which - 5).unwrap(), if which % 5 == 2 { 19 } else { 18 }, [&[7; 9]; 3]), |font| font.to_vec());
        for (at, value) in changes {
            // Half of them in the directory and the heads of tables.
            let length = if value % 2 == 0 { bytes.len() } else { bytes.len().min(400) };
            bytes[at.index(length)] = value;
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len() / 8));
        let length = bytes.len() as u64;
        let host = Host::install();
        let (_, face) = loaded(&host, bytes, 0, "e\u{301}");
        face.drawing(&(0..40).collect());
        if let Some(pictures) = face.pictures() {
            for glyph in 0..40 {
                let _ = pictures.read(glyph, 100.0).map(|picture| decode_png(&Arc::from(picture.file), 512).is_ok());
            }
        }
        // Directories, then what shaping needs, then outlines in parts, at worst as a whole after that, and pictures.
        prop_assert!(host.font_bytes_read() <= 5 * length + 4096, "{} of {length}", host.font_bytes_read());
    }
}
