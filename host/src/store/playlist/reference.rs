//! What a playlist calls its segments (RFC 3986), as objects.

use percent_encoding::percent_decode_str;

use crate::task::ObjectUri;

/// The object that a reference within `playlist` means: relative to it, or `oss://bucket/key`. The error says why it is none.
pub(super) fn resolve(playlist: &ObjectUri, reference: &str) -> Result<ObjectUri, String> {
    let refuse = |why: &str| Err(format!("`{reference}` {why}"));
    let reference = reference.trim();
    if reference.contains(['?', '#']) {
        return refuse("has a query or a fragment, and objects have none");
    }
    if let Some(rest) = reference.strip_prefix("oss://") {
        let Some((bucket, path)) = rest.split_once('/') else { return refuse("names no object") };
        return object(bucket, Vec::new(), path).map_err(|why| format!("`{reference}` {why}"));
    }
    if reference.starts_with("//") {
        return refuse("names a host; segments are objects: oss://bucket/key, or relative to the playlist");
    }
    let first = reference.split('/').next().unwrap_or_default();
    if let Some((scheme, _)) = first.split_once(':') {
        return refuse(&format!(
            "has the scheme `{scheme}`; segments are objects: oss://bucket/key, or relative to the playlist"
        ));
    }
    let (folder, path) = match reference.strip_prefix('/') {
        Some(path) => ("", path),
        None => (playlist.dirname(), reference),
    };
    let folders = folder.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    object(playlist.bucket(), folders, path).map_err(|why| format!("`{reference}` {why}"))
}

/// The object at this path, seen from these folders.
fn object(bucket: &str, mut parts: Vec<String>, path: &str) -> Result<ObjectUri, String> {
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop().ok_or("climbs out of its bucket")?;
            }
            part => {
                let decoded = percent_decode_str(part).decode_utf8().map_err(|_| "is no UTF-8, once it is decoded")?;
                if decoded.contains('/') {
                    return Err("hides a `/` behind percent signs".into());
                }
                parts.push(decoded.into_owned());
            }
        }
    }
    ObjectUri::new(bucket, &parts.join("/")).map_err(|error| format!("is no object: {error}"))
}
