//! The shape of what is done with pictures.

use serde_json::{Value, json};

use super::{count, number, object, object_uri, one_of, text};
use crate::intake::Limits;

const CORNERS: [&str; 4] = ["topleft", "topright", "bottomright", "bottomleft"];

pub(super) fn filter_video(limits: &Limits) -> Value {
    let list = |most: usize, items: Value| json!({"type": "array", "maxItems": most, "items": items});
    object(
        "What is done with the output's picture: delogos, then plugins, then watermarks.",
        &[],
        json!({
            "Speed": number(0.5, 1.0, "That of the target."),
            "Watermarks": list(limits.overlays, watermark()),
            "Delogos": list(limits.overlays, delogo()),
            "Plugins": list(limits.filters, plugin()),
        }),
    )
}

/// Pixels, or a share of the output's side where it is below 1.
fn length(description: &str) -> Value {
    number(0.0, 4096.0, description)
}

fn seconds(description: &str) -> Value {
    number(0.0, 1e9, description)
}

/// An element that another component may draw has whatever fields that component has.
fn open(mut schema: Value) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.insert("additionalProperties".to_owned(), true.into());
    }
    schema
}

fn watermark() -> Value {
    open(object(
        "A picture or a text. These are the fields of the built-in component.",
        &[],
        json!({
            "Type": one_of(["text", "file"], "What is drawn."),
            "URI": object_uri("The picture."),
            "Content": text("The text."),
            "Dx": length("From the corner."), "Dy": length("From the corner."),
            "Width": length("Of the picture."), "Height": length("Of the picture."),
            "ReferPos": one_of(CORNERS, "The corner."),
            "StartTime": seconds("Seconds."), "Duration": seconds("Seconds."),
            "FontName": text("The font."),
            "FontSize": count(5, 119, "Pixels."),
            "FontColor": text("#RRGGBB or a name."),
            "FontApha": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "1 is opaque."},
            "BorderWidth": count(0, 4096, "Pixels."),
            "BorderColor": text("#RRGGBB or a name."),
        }),
    ))
}

fn delogo() -> Value {
    open(object(
        "A rectangle that is hidden. These are the fields of the built-in component.",
        &[],
        json!({
            "Dx": length("From the corner."), "Dy": length("From the corner."),
            "Width": length("Its width."), "Height": length("Its height."),
            "ReferPos": one_of(CORNERS, "The corner."),
            "StartTime": seconds("Seconds."), "Duration": seconds("Seconds."),
            "Style": one_of(["mosaic", "blur", "interpolate"], "Extension: how."),
            "Strength": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "Extension: how much."},
        }),
    ))
}

fn plugin() -> Value {
    object(
        "Extension: a filter of one's own.",
        &["Name"],
        json!({
            "Name": text("Its name."),
            "Version": text("A range of versions."),
            "Params": {"type": "object", "description": "What its schema admits."},
            "StartTime": seconds("Seconds."), "Duration": seconds("Seconds."),
            "OnError": one_of(["fail", "skip"], "What becomes of a frame at which it fails."),
        }),
    )
}
