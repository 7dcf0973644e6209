//! What kind of object an output is, as players and browsers are told.

/// The media type of an object by the end of its name; `None` where nothing is known of it.
pub(super) fn of(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit('/').next()?.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "mp4" | "m4v" | "m4s" | "cmfv" => "video/mp4",
        "m4a" | "cmfa" => "audio/mp4",
        "mov" => "video/quicktime",
        "mkv" => "video/x-matroska",
        "webm" => "video/webm",
        "ts" | "mts" => "video/mp2t",
        "flv" => "video/x-flv",
        "avi" => "video/x-msvideo",
        "mxf" => "application/mxf",
        "asf" | "wmv" => "video/x-ms-asf",
        "mp3" => "audio/mpeg",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "wav" => "audio/wav",
        "ac3" => "audio/ac3",
        "amr" => "audio/amr",
        "m3u8" => "application/vnd.apple.mpegurl",
        "mpd" => "application/dash+xml",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "png" | "apng" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "vtt" => "text/vtt",
        "srt" => "application/x-subrip",
        "ass" | "ssa" => "text/x-ssa",
        "json" => "application/json",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_end_of_a_name_says_the_kind() {
        for (name, kind) in [
            ("a/b.mp4", Some("video/mp4")),
            ("master.M3U8", Some("application/vnd.apple.mpegurl")),
            ("a.b/c", None),
            ("x.tar", None),
            ("", None),
        ] {
            assert_eq!(super::of(name), kind, "{name}");
        }
    }
}
