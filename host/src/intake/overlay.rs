//! `FilterVideo.Watermarks[]` and `FilterVideo.Delogos[]` as the API documents them. Only for the built-in components.

use super::Context;
use super::fields::Fields;
use super::numbers::{Interval, MAX_PIXELS, MEASURE, is_measure};
use super::source::readable;
use crate::task::fault::FaultCode;

/// `FontSize` lies in the OPEN interval (4,120) and is whole.
const FONT_SIZES: std::ops::RangeInclusive<i64> = 5..=119;

const CORNERS: &[(&str, ())] = &[("topleft", ()), ("topright", ()), ("bottomright", ()), ("bottomleft", ())];

/// An extension.
const STYLES: &[(&str, ())] = &[("mosaic", ()), ("blur", ()), ("interpolate", ())];

/// The names that the API documents: always legal, for a host without them writes with another font and warns.
const FONTS: [&str; 4] =
    ["SourceHanSans-Regular", "SourceHanSans-Bold", "SourceHanSerif-Regular", "SourceHanSerif-Bold"];

/// Fields that take effect with `Type` text only.
const OF_TEXT: &[&str] = &["BorderColor", "BorderWidth", "Content", "FontApha", "FontColor", "FontName", "FontSize"];

/// Fields that take effect with `Type` file only.
const OF_FILE: &[&str] = &["Height", "URI", "Width"];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    File,
}

/// Judges one watermark. Returns the fields that are given and do nothing beside its `Type`; the component does not get them,
/// so that a picture which nobody draws is never opened.
pub(super) fn watermark(mut fields: Fields<'_>, context: &Context<'_>) -> Vec<&'static str> {
    let given = fields.has("Type");
    let kind = fields.choice("Type", &[("text", Kind::Text), ("file", Kind::File)], &[]);
    let kind = if given { kind } else { Some(Kind::Text) };
    place(&mut fields);
    let content = fields.string("Content");
    fields.integer::<i64>("FontSize", FONT_SIZES);
    fields.number("FontApha", Interval::above(0.0, 1.0));
    fields.integer::<i64>("BorderWidth", 0..=MAX_PIXELS);
    font(&mut fields, context);
    colour(&mut fields, "FontColor");
    colour(&mut fields, "BorderColor");
    let idle = match kind {
        Some(Kind::Text) => {
            if content.is_none() && !fields.has("Content") {
                fields.warn("NothingDrawn", "Content", "is empty, so this text watermark draws nothing");
            }
            ignored(&mut fields, OF_FILE, "Type is text")
        }
        Some(Kind::File) => {
            readable(&mut fields, "URI", context);
            empty_sides(&fields, "draws");
            ignored(&mut fields, OF_TEXT, "Type is file")
        }
        None => {
            fields.string("URI");
            Vec::new()
        }
    };
    fields.finish();
    idle
}

/// Judges one delogo.
pub(super) fn delogo(mut fields: Fields<'_>) {
    place(&mut fields);
    fields.choice("Style", STYLES, &[]);
    fields.number("Strength", Interval::above(0.0, 1.0));
    empty_sides(&fields, "hides");
    fields.finish();
}

/// What watermarks and delogos have in common: where and when.
fn place(fields: &mut Fields<'_>) {
    for name in ["Dx", "Dy", "Width", "Height"] {
        measure(fields, name);
    }
    fields.choice("ReferPos", CORNERS, &[]);
    fields.number("StartTime", Interval::SECONDS);
    fields.number("Duration", Interval::SECONDS);
}

fn measure(fields: &mut Fields<'_>, name: &'static str) {
    if fields.value(name).is_some_and(|value| !value.as_f64().is_some_and(is_measure)) {
        fields.fault(FaultCode::InvalidArgument, name, MEASURE);
    }
}

/// By decision 1 a side of 0 is legal; it is more likely a mistake than a wish.
fn empty_sides(fields: &Fields<'_>, verb: &str) {
    for name in ["Width", "Height"] {
        if fields.is_zero(name) {
            fields.warn("NothingDrawn", name, format!("is 0, so this {verb} nothing"));
        }
    }
}

fn font(fields: &mut Fields<'_>, context: &Context<'_>) {
    let Some(name) = fields.string("FontName") else { return };
    let mut known: Vec<String> = FONTS.map(str::to_owned).into();
    known.extend(context.check.font_names());
    if !known.iter().any(|known| known == name) {
        let more: Vec<_> =
            known.split_off(FONTS.len()).into_iter().filter(|name| !FONTS.contains(&name.as_str())).collect();
        known.extend(more);
        let message = format!("must be the name of a font: {}", known.join(", "));
        fields.fault(FaultCode::InvalidArgument, "FontName", message);
    }
}

/// `#RRGGBB` or the name of a colour; which names exist is for the component.
fn colour(fields: &mut Fields<'_>, name: &'static str) {
    let Some(text) = fields.string(name) else { return };
    let legal = match text.strip_prefix('#') {
        Some(digits) => digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => text.bytes().all(|byte| byte.is_ascii_alphabetic()),
    };
    if !legal {
        fields.fault(FaultCode::InvalidArgument, name, "must be #RRGGBB or a colour's name such as red");
    }
}

fn ignored(fields: &mut Fields<'_>, names: &[&'static str], why: &str) -> Vec<&'static str> {
    let ignored = fields.unread(names);
    if !ignored.is_empty() {
        fields.warn("FieldsIgnored", "", format!("these fields do nothing, since {why}: {}", ignored.join(", ")));
    }
    ignored
}
