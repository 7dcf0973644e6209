//! The built-in filters as native code, in the SDK's fake host: the same samples are read and written by the same calls, and no sandbox stands between.
//!
//! What a filter wants of its host it has to want while it opens. Watermarks that are movies have no decoder here and are refused.

use std::collections::BTreeSet;

use serde_json::Value;
use wasmux::app::{NativeFilters, NativeHost};
use wasmux::media::Frame;
use wasmux::pipeline::{FilterRequest, FrameFilter, OpenFilter, Region};
use wasmux::task::{ErrorCode, Failure, ObjectUri, Picture, PluginId, Rect, Stage, Warning};
use wasmux_sdk::testing::{self, Chroma, Host, Planes};
use wasmux_sdk::{Ratio, Setup, VideoFilter};

/// Watermarks and delogos.
pub struct Native;

impl NativeFilters for Native {
    fn open(
        &self,
        plugin: &PluginId,
        request: FilterRequest<'_>,
        host: &NativeHost<'_>,
    ) -> Option<Result<OpenFilter, Failure>> {
        match plugin.name.as_str() {
            "watermark" => Some(open::<watermark::WatermarkFilter>(plugin, request, host)),
            "delogo" => Some(open::<delogo::DelogoFilter>(plugin, request, host)),
            _ => None,
        }
    }
}

fn open<F: VideoFilter + Send>(
    plugin: &PluginId,
    request: FilterRequest<'_>,
    host: &NativeHost<'_>,
) -> Result<OpenFilter, Failure> {
    let fake = Host::install();
    let mut texts = BTreeSet::new();
    collect(request.parameters, &mut texts);
    grant_assets(&fake, &texts, host);
    grant_fonts(&fake, &texts, host).map_err(|why| failure(plugin, "in open", &why))?;
    let setup = setup(request.picture);
    let opened = testing::open::<F>(&setup, &request.parameters.to_string());
    let filter = opened.map_err(|error| failure(plugin, "in open", &error.to_string()))?;
    let regions: Vec<_> = filter.regions().iter().map(region).collect();
    let warnings = fake.warnings().into_iter().map(|warning| Warning {
        code: warning.code,
        field: warning.field,
        target: None,
        message: warning.message,
    });
    Ok(OpenFilter {
        plugin: plugin.clone(),
        warnings: warnings.collect(),
        regions: (!regions.is_empty()).then_some(regions),
        filter: Box::new(NativeFilter { plugin: plugin.clone(), filter }),
    })
}

struct NativeFilter<F> {
    plugin: PluginId,
    filter: testing::OpenFilter<F>,
}

impl<F: VideoFilter + Send> FrameFilter for NativeFilter<F> {
    fn process(&mut self, frame: &mut Frame) -> Result<(), Failure> {
        let (times, index) = ((frame.time_ns, frame.duration_ns), frame.index);
        let done = self.filter.process_lent(&mut Lent(frame), times, index);
        done.map_err(|error| failure(&self.plugin, &format!("at frame {index}"), &error.to_string()))
    }

    fn finish(&mut self) -> Result<Vec<Warning>, Failure> {
        Ok(Vec::new())
    }
}

/// A frame of the pipeline as the SDK sees one.
struct Lent<'a>(&'a mut Frame);

impl Planes for Lent<'_> {
    fn read(&self, plane: u8, area: wasmux_sdk::Rect) -> Vec<u8> {
        let mut samples = Vec::new();
        let read = self.0.read_rect(plane, of_host(area), &mut samples);
        assert!(read.is_ok(), "it asked for samples that do not exist: {read:?}");
        samples
    }

    fn write(&mut self, plane: u8, area: wasmux_sdk::Rect, data: &[u8]) {
        let written = self.0.write_rect(plane, of_host(area), data);
        assert!(written.is_ok(), "it gave samples that have no place: {written:?}");
    }
}

fn of_host(area: wasmux_sdk::Rect) -> Rect {
    Rect { x: area.x, y: area.y, width: area.width, height: area.height }
}

fn region(region: &testing::Region) -> Region {
    Region { area: of_host(region.area), start: region.start, end: region.end }
}

fn failure(plugin: &PluginId, doing: &str, why: &str) -> Failure {
    let message = format!("{} {}, as native code, {doing}: {why}", plugin.name, plugin.version);
    Failure::new(ErrorCode::PluginError, Stage::Filter, message)
}

/// All texts of a value.
fn collect(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(texts.insert(text.clone())),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(members) => members.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

fn grant_assets(fake: &Host, texts: &BTreeSet<String>, host: &NativeHost<'_>) {
    for text in texts {
        let Ok(uri) = ObjectUri::parse(text) else { continue };
        let bytes = host.assets.open(&uri).and_then(|mut asset| {
            let mut bytes = vec![0; usize::try_from(asset.length()).unwrap_or(usize::MAX)];
            asset.read(0, &mut bytes)?;
            Ok(bytes)
        });
        match bytes {
            Ok(bytes) => fake.grant(text, bytes),
            Err(why) => fake.grant_unavailable(text, &why),
        }
    }
}

/// Fonts that are named, the one that is meant where none is, and those that the host would choose for the characters.
fn grant_fonts(fake: &Host, texts: &BTreeSet<String>, host: &NativeHost<'_>) -> Result<(), String> {
    let all: String = texts.iter().map(String::as_str).collect();
    let characters: BTreeSet<char> = all.chars().collect();
    let names = host.fonts.names();
    let named = names.iter().enumerate().filter(|(place, name)| *place == 0 || texts.contains(*name));
    let named = named.filter_map(|(_, name)| Some((name.clone(), host.fonts.find(name)?)));
    let chosen = host.fonts.covering(&all).into_iter().map(|font| (font.name().to_owned(), font));
    for (name, font) in named.chain(chosen) {
        let length = usize::try_from(font.length()).unwrap_or(usize::MAX);
        let data = font.read(0, length).map_err(|error| format!("the font {name}: {error}"))?;
        let covered: String = characters.iter().filter(|c| font.covers(**c)).collect();
        fake.font_face_covering(&name, data, font.face_index(), &covered);
    }
    Ok(())
}

fn setup(picture: &Picture) -> Setup {
    let (format, colour) = (picture.pixel_format, picture.colour);
    let chroma = match format.chroma_shift() {
        (1, 1) => Chroma::C420,
        (1, 0) => Chroma::C422,
        _ => Chroma::C444,
    };
    let number = |number: i32| u32::try_from(number).unwrap_or_default();
    let rate = picture.frame_rate.map(|rate| Ratio::new(number(rate.num()), number(rate.den())));
    let aspect = picture.sample_aspect;
    let made = testing::picture(picture.width, picture.height).bit_depth(format.bit_depth()).chroma(chroma);
    made.chroma_location(colour.chroma_location.filter(|_| format.chroma_shift() != (0, 0)))
        .alpha(format.has_alpha())
        .sample_aspect(number(aspect.num()), number(aspect.den()))
        .frame_rate(rate)
        .colour(colour.primaries, colour.transfer, colour.matrix)
        .full_range(colour.full_range)
        .setup()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wasmux::app::BUILT_IN;
    use wasmux::pipeline::FilterFactory;
    use wasmux::sandbox::{Fonts, Sandbox, SandboxConfig};
    use wasmux::task::PixelFormat;

    use super::*;
    use crate::{PICTURE, ProjectAssets, target};

    /// A picture with something on each line, and what a filter makes of it, if there is one.
    fn processed(picture: &Picture, filter: Option<&mut dyn FrameFilter>) -> Vec<u8> {
        let mut frame = Frame::blank(picture, 40_000_000, 40_000_000, 1).unwrap();
        let bytes = picture.pixel_format.sample_bytes();
        for y in (0..picture.height).step_by(2) {
            let row: Vec<u8> = (0..picture.width as usize * bytes)
                .map(|x| if bytes == 2 && x % 2 == 1 { 1 } else { (x * 7 + y as usize * 3) as u8 })
                .collect();
            frame.write_rect(0, Rect { x: 0, y, width: picture.width, height: 1 }, &row).unwrap();
        }
        if let Some(filter) = filter {
            filter.process(&mut frame).unwrap();
        }
        let mut samples = Vec::new();
        for plane in 0..3 {
            let (width, height) = frame.plane_size(plane).unwrap();
            frame.read_rect(plane, Rect { x: 0, y: 0, width, height }, &mut samples).unwrap();
        }
        samples
    }

    #[test]
    fn native_filters_write_the_samples_that_components_write() {
        let sandbox = Sandbox::new(SandboxConfig {
            embedded: BUILT_IN.to_vec(),
            cache_folder: Some(target().join("bench-cache")),
            assets: std::sync::Arc::new(ProjectAssets),
            ..SandboxConfig::default()
        })
        .unwrap();
        let host = NativeHost { assets: &ProjectAssets, fonts: &Fonts::with_defaults(Vec::new()) };
        let watermarks = json!({"Watermarks": [
            {"Type": "file", "URI": "oss://demo/logo.png", "Dx": 0.05, "Dy": 0.1, "Width": 0.1},
            {"Content": "Intelligent 媒体 ☂", "FontSize": 60, "ReferPos": "bottomright", "Dx": 0.05, "Dy": 0.1}]});
        let delogos = json!({"Delogos": [
            {"Dx": 0.1, "Dy": 0.1, "Width": 0.2, "Height": 0.2},
            {"Dx": 0.6, "Dy": 0.5, "Width": 0.2, "Height": 0.2, "Style": "interpolate"}]});
        for pixel_format in [PixelFormat::Yuv420p, PixelFormat::Yuv422p10le] {
            let picture = Picture { width: 640, height: 360, pixel_format, ..PICTURE };
            for (name, parameters) in [("watermark", &watermarks), ("delogo", &delogos)] {
                let plugin = name.parse().unwrap();
                let request = FilterRequest { plugin: &plugin, parameters, picture: &picture };
                let mut component = sandbox.open(request).unwrap();
                let mut native = Native.open(&component.plugin, request, &host).unwrap().unwrap();
                assert_eq!((&native.regions, &native.warnings), (&component.regions, &component.warnings), "{name}");
                let (made, expected) =
                    (processed(&picture, Some(&mut *native.filter)), processed(&picture, Some(&mut *component.filter)));
                assert!(made == expected, "{name} {pixel_format}: native and component differ");
                assert!(made != processed(&picture, None), "{name} does nothing");
            }
        }
        let plugin = "parameters".parse().unwrap();
        let request = FilterRequest { plugin: &plugin, parameters: &json!({}), picture: &PICTURE };
        let id = sandbox.plugin_id(&plugin).unwrap();
        assert!(Native.open(&id, request, &host).is_none());
    }
}
