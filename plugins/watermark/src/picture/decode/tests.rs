//! What the tests of the formats share.

use super::*;

/// All pictures with their times.
pub(super) fn animation(file: &[u8]) -> Result<Vec<(Bitmap, i64)>, PictureError> {
    let mut pictures = open(&Arc::from(file))?;
    let mut all = Vec::new();
    while let Some((bitmap, nanos)) = pictures.next()? {
        all.push((bitmap.clone(), nanos));
    }
    assert!(all.iter().all(|(bitmap, _)| (bitmap.width(), bitmap.height()) == pictures.size()));
    Ok(all)
}

/// All pictures.
pub(super) fn stills(file: &[u8]) -> Result<Vec<Bitmap>, PictureError> {
    Ok(animation(file)?.into_iter().map(|(bitmap, _)| bitmap).collect())
}

/// Decodes the file with each of its bytes replaced by values that mean something in a header; only a panic can fail it.
pub(super) fn replace_each_byte(good: &[u8]) {
    for at in 0..good.len() {
        for value in [0, 1, 0x2c, 0x2f, 0x80, 0xff] {
            let mut bad = good.to_vec();
            bad[at] = value;
            let _ = animation(&bad);
        }
    }
}

#[test]
fn files_are_known_by_their_content() {
    let code = |bytes: &[u8]| open(&Arc::from(bytes)).err().unwrap().code();
    assert_eq!(code(b""), "UnsupportedPicture");
    assert_eq!(code(b"BM"), "UnsupportedPicture");
    assert_eq!(code(b"\0\0\0\x14ftypqt  "), "UnsupportedPicture");
    assert!(
        is_movie(b"\0\0\0\x14ftypqt  ") && is_movie(b"\0\0\0\x08wide") && !is_movie(b"GIF89a") && !is_movie(b"ftyp")
    );
}

#[test]
fn no_picture_lasts_no_time() {
    assert_eq!([0, 1, 2, 3].map(|units| duration(units, 10_000_000)), [USUAL, USUAL, 20_000_000, 30_000_000]);
    assert_eq!(duration(u32::MAX, SHORTEST), i64::from(u32::MAX) * SHORTEST);
}
