//! What playlists mean, and what of them is refused.

use proptest::prelude::*;

use super::*;

fn uri(text: &str) -> ObjectUri {
    ObjectUri::parse(text).unwrap()
}

fn read(text: &str) -> Result<Playlist, String> {
    parse(&uri("oss://b/a dir/x.m3u8"), text.as_bytes())
}

fn media(lines: &str) -> Result<Segments, String> {
    match read(&format!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n{lines}"))? {
        Playlist::Media(segments) => Ok(segments),
        Playlist::Variant(variant) => panic!("{variant}"),
    }
}

fn names(segments: &Segments) -> Vec<String> {
    segments.pieces.iter().map(|piece| piece.uri.to_string()).collect()
}

#[test]
fn names_are_relative_to_the_playlist_or_objects() {
    let found = media(
        "#EXTINF:4.0,\nx-0.ts\n#EXTINF:4,a title\nmy%20film/%E4%BD%A0.ts\n#EXTINF:4,\n../top.ts\n\n#EXTINF:4,\n/root.ts\r\n\
         #EXTINF:1.5,\noss://other/k/a%2Bb.ts\n#EXTINF:1,\n./y/../z.ts\n#EXT-X-ENDLIST",
    )
    .unwrap();
    assert!(!found.fragments);
    let expected = [
        "oss://b/a dir/x-0.ts",
        "oss://b/a dir/my film/你.ts",
        "oss://b/top.ts",
        "oss://b/root.ts",
        "oss://other/k/a+b.ts",
        "oss://b/a dir/z.ts",
    ];
    assert_eq!(names(&found), expected);
}

#[test]
fn names_of_anything_else_are_refused() {
    for (name, why) in [
        ("http://example.com/a.ts", "has the scheme `http`"),
        ("HTTPS://example.com/a.ts", "has the scheme `HTTPS`"),
        ("file:///etc/passwd", "has the scheme `file`"),
        ("concat:a.ts|b.ts", "has the scheme `concat`"),
        ("//example.com/a.ts", "names a host"),
        ("../../a.ts", "climbs out of its bucket"),
        ("/../a.ts", "climbs out of its bucket"),
        ("oss://b/../c/a.ts", "climbs out of its bucket"),
        ("%2e%2e/%2E%2E/a.ts", "is no object"),
        ("..%2f..%2fa.ts", "hides a `/`"),
        ("a.ts?token=1", "has a query"),
        ("a.ts#t", "has a query or a fragment"),
        ("a%00b.ts", "is no object"),
        ("a%5c..%5cb.ts", "is no object"),
        ("a%FFb.ts", "is no UTF-8"),
        ("oss://b", "names no object"),
        ("oss://B/k", "is no object"),
        ("folder/", "is no object"),
        ("a//b.ts", "is no object"),
    ] {
        let error = media(&format!("#EXTINF:4,\n{name}\n")).unwrap_err();
        assert!(error.contains(why) && error.contains(name) && error.starts_with("segment 0"), "{name}: {error}");
    }
}

#[test]
fn encrypted_segments_are_refused() {
    for key in [
        "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"",
        "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\",IV=0x1",
        "#EXT-X-KEY:URI=\"k\",METHOD=AES-128",
        "#EXT-X-KEY:METHOD=NEW",
        "#EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"k\"",
    ] {
        let error = media(&format!("#EXTINF:4,\na.ts\n{key}\n#EXTINF:4,\nb.ts\n")).unwrap_err();
        assert!(error.contains("are encrypted"), "{key}: {error}");
    }
    assert_eq!(names(&media("#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\na.ts\n").unwrap()), ["oss://b/a dir/a.ts"]);
}

#[test]
fn fragments_have_one_header() {
    let found =
        media("#EXT-X-MAP:URI=\"i.mp4\"\n#EXTINF:4,\n0.m4s\n#EXT-X-MAP:URI=\"i.mp4\"\n#EXTINF:4,\n1.m4s\n").unwrap();
    assert!(found.fragments);
    assert_eq!(names(&found), ["oss://b/a dir/i.mp4", "oss://b/a dir/0.m4s", "oss://b/a dir/1.m4s"]);
    let map = "#EXT-X-MAP:URI=\"i.mp4\"\n#EXTINF:4,\n0.m4s\n";
    for (more, why) in [
        ("#EXT-X-MAP:URI=\"j.mp4\"\n#EXTINF:4,\n1.m4s\n", "segment 1, 1.m4s: it has another header"),
        ("#EXT-X-DISCONTINUITY\n#EXTINF:4,\n1.m4s\n", "only supported of ts"),
        ("#EXT-X-MAP:URI=j.mp4\n#EXTINF:4,\n1.m4s\n", "#EXT-X-MAP is not understood"),
        ("#EXT-X-MAP:URI=\"http://h/i\"\n#EXTINF:4,\n1.m4s\n", "has the scheme `http`"),
    ] {
        let error = media(&format!("{map}{more}")).unwrap_err();
        assert!(error.contains(why), "{more}: {error}");
    }
    let error = media(&format!("#EXTINF:4,\na.m4s\n{map}")).unwrap_err();
    assert!(error.contains("another header"), "{error}");
}

#[test]
fn parts_of_objects_follow_each_other() {
    let found = media(
        "#EXTINF:4,\n#EXT-X-BYTERANGE:100@50\na.ts\n#EXTINF:4,\n#EXT-X-BYTERANGE:10\na.ts\n#EXTINF:4,\n#EXT-X-BYTERANGE:7@0\nb.ts\n",
    )
    .unwrap();
    let ranges: Vec<_> = found.pieces.iter().map(|piece| piece.range).collect();
    assert_eq!(ranges, [Some((50, 100)), Some((150, 10)), Some((0, 7))]);
    for wrong in ["#EXT-X-BYTERANGE:10\na.ts\n", "a.ts\n#EXT-X-BYTERANGE:10\na.ts\n", "#EXT-X-BYTERANGE:x\na.ts\n"] {
        let error = media(&format!("#EXTINF:4,\n{wrong}")).unwrap_err();
        assert!(error.contains("BYTERANGE"), "{wrong}: {error}");
    }
}

#[test]
fn of_variants_the_one_of_highest_bandwidth_is_taken() {
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100,CODECS=\"a,b\"\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=300\nhigh/x.m3u8\n\
                  #EXT-X-STREAM-INF:BANDWIDTH=300\nsame.m3u8\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=900,URI=\"keys.m3u8\"\n";
    assert_eq!(read(master), Ok(Playlist::Variant(uri("oss://b/a dir/high/x.m3u8"))));
    let apart = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"n\",URI=\"sound.m3u8\"\n\
                 #EXT-X-STREAM-INF:BANDWIDTH=300,AUDIO=\"g\"\nx.m3u8\n";
    assert!(read(apart).unwrap_err().contains("a playlist of its own (EXT-X-MEDIA)"));
    // Sound that is in the variant's own segments has no URI.
    let within = apart.replace(",URI=\"sound.m3u8\"", "");
    assert_eq!(read(&within), Ok(Playlist::Variant(uri("oss://b/a dir/x.m3u8"))));
    assert!(read("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://h/x.m3u8\n").unwrap_err().contains("scheme `http`"));
}

#[test]
fn what_is_no_playlist_or_too_large_is_refused() {
    let many = |count: usize| (0..count).map(|number| format!("#EXTINF:1,\n{number}.ts\n")).collect::<String>();
    assert_eq!(media(&many(MAX_SEGMENTS)).unwrap().pieces.len(), MAX_SEGMENTS);
    for (text, why) in [
        (format!("#EXTM3U\n{}", many(MAX_SEGMENTS + 1)), "names 10001 segments"),
        (format!("#EXTM3U\n{}", "#\n".repeat(MAX_LINES)), "more than 100000 lines"),
        ("a.ts\n".into(), "does not begin with #EXTM3U"),
        ("\u{feff}#EXTM3U\na.ts\n".into(), "does not begin with #EXTM3U"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-ENDLIST\n".into(), "has no segments"),
        ("#EXTM3U".into(), "has no segments"),
        ("#EXTM3U\n#EXT-X-I-FRAMES-ONLY\n#EXTINF:1,\na.ts\n".into(), "key pictures only"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-GAP\n#EXTINF:1,\na.ts\n".into(), "#EXT-X-GAP"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
    }
    assert!(parse(&uri("oss://b/x.m3u8"), b"#EXTM3U\n\xff\n").unwrap_err().contains("UTF-8"));
}

proptest! {
    #[test]
    fn whatever_is_in_it_no_segment_leaves_its_bucket(
        lines in prop::collection::vec(
            prop_oneof![
                Just("#EXTINF:1,".to_owned()),
                Just("#EXT-X-DISCONTINUITY".to_owned()),
                Just("#EXT-X-ENDLIST".to_owned()),
                "#EXT-X-(KEY|MAP|BYTERANGE|STREAM-INF|MEDIA|START|DATERANGE|PROGRAM-DATE-TIME):[A-Z=\",0-9@.:-]{0,30}",
                "(\\.\\./|/|%2e|%2f|oss://|http://|[a-z]{1,3}:|\\?|#|[a-z]{1,4}|\\PC){0,8}",
            ],
            0..20,
        ),
        end in "(\n|\r\n|)",
    ) {
        let text = format!("#EXTM3U\n{}{end}", lines.join("\n"));
        let playlist = uri("oss://b/d/e/x.m3u8");
        if let Ok(Playlist::Media(found)) = parse(&playlist, text.as_bytes()) {
            prop_assert!(!found.pieces.is_empty() && found.pieces.len() <= lines.len());
            for piece in found.pieces {
                let named = piece.uri.bucket() == "b" || text.contains(&format!("oss://{}/", piece.uri.bucket()));
                prop_assert!(named, "{}", piece.uri);
                prop_assert!(piece.uri.key().split('/').all(|part| !matches!(part, "" | "." | "..")));
            }
        }
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let whole = [b"#EXTM3U\n".as_slice(), &bytes].concat();
        let _ = parse(&uri("oss://b/x.m3u8"), &whole);
    }
}
