//! The command line of `ffmpeg` that does what a plan does: the same sizes, rates and options of codecs, FFmpeg's own filters.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::media::{audio_encoder, video_encoder};
use crate::plan::{Filter, Node, NodeId, Operation, Plan, Span, Transform};
use crate::store::BucketConfig;
use crate::task::{Container, FilterRole, ObjectUri, Rational, Rotation, SegmentFormat};

/// The font of texts that name none.
const FONT: &str = "Noto Sans CJK SC";

/// The arguments. The error says what has no counterpart.
pub(super) fn line(plan: &Plan, buckets: &[BucketConfig], threads: u32) -> Result<Vec<OsString>, String> {
    let mut line =
        Line { plan, buckets, threads, inputs: Vec::new(), graph: Vec::new(), used: BTreeMap::new(), labels: 0 };
    line.sources()?;
    for node in plan.nodes() {
        line.filter(node)?;
    }
    let mut outputs: Vec<OsString> = Vec::new();
    for target in plan.targets() {
        if !target.subtitles.is_empty() {
            return Err(unlike("files of subtitles"));
        }
        let node = plan.nodes().get(target.mux.0).ok_or("the plan has no output")?;
        outputs.extend(line.output(node)?);
    }
    let mut arguments: Vec<OsString> = ["-nostdin", "-v", "error", "-y"].map(Into::into).to_vec();
    arguments.append(&mut line.inputs);
    if !line.graph.is_empty() {
        arguments.extend(["-filter_complex".into(), line.graph.join(";").into()]);
    }
    arguments.extend(outputs);
    Ok(arguments)
}

fn unlike(what: &str) -> String {
    format!("--against ffmpeg: {what} cannot be put into its command line here; compare with another request")
}

struct Line<'a> {
    plan: &'a Plan,
    buckets: &'a [BucketConfig],
    threads: u32,
    inputs: Vec<OsString>,
    /// Chains of filters.
    graph: Vec<String>,
    /// For each node that makes pictures, the labels that nobody has read yet.
    used: BTreeMap<NodeId, Vec<String>>,
    labels: usize,
}

impl Line<'_> {
    fn path(&self, uri: &ObjectUri) -> Result<PathBuf, String> {
        let bucket = self.buckets.iter().find(|bucket| bucket.name == uri.bucket());
        let folder = bucket.and_then(BucketConfig::folder).ok_or_else(|| format!("{uri} is in no folder"))?;
        // Its own folder is another one.
        let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder.join(uri.key()))
    }

    fn sources(&mut self) -> Result<(), String> {
        for (index, source) in self.plan.sources().iter().enumerate() {
            let mut clip = None;
            for node in self.plan.nodes() {
                match &node.operation {
                    Operation::Demux { source, clip: found, repeat_ns } if *source == index => {
                        if repeat_ns.is_some() {
                            return Err(unlike("a source that is repeated"));
                        }
                        clip = *found;
                    }
                    _ => {}
                }
            }
            if let Some(clip) = clip {
                self.inputs.extend(["-ss".into(), seconds(clip.start_ns).into()]);
                if let Some(length) = clip.length_ns {
                    self.inputs.extend(["-t".into(), seconds(length).into()]);
                }
            }
            let path = self.path(&source.uri)?;
            self.inputs.extend(["-i".into(), path.into()]);
        }
        Ok(())
    }

    /// How the stream of a node is named where it is read from its file.
    fn stream(&self, node: NodeId) -> Result<String, String> {
        let origin = self.plan.origin_of(node).ok_or("a stream has no source")?;
        Ok(format!("{}:{}", origin.source, origin.stream))
    }

    /// A label that gives the pictures of a node.
    fn take(&mut self, node: NodeId) -> Result<String, String> {
        match self.plan.nodes().get(node.0).map(|node| &node.operation) {
            Some(Operation::DecodeVideo { .. }) => Ok(format!("[{}]", self.stream(node)?)),
            _ => self.used.get_mut(&node).and_then(Vec::pop).ok_or_else(|| "a picture has no reader".to_owned()),
        }
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("[v{}]", self.labels)
    }

    /// Adds a chain from one label to as many as there are readers.
    fn give(&mut self, node: NodeId, from: &str, chain: &str) {
        let readers = self.plan.nodes().iter().filter(|other| other.inputs.contains(&node)).count();
        let labels: Vec<_> = (0..readers).map(|_| self.label()).collect();
        let split = if readers > 1 { format!(",split={readers}") } else { String::new() };
        let chain = if chain.is_empty() { "null" } else { chain };
        self.graph.push(format!("{from}{chain}{split}{}", labels.concat()));
        self.used.insert(node, labels);
    }

    fn filter(&mut self, node: &Node) -> Result<(), String> {
        let input = || node.inputs.first().copied().ok_or("a filter has no input");
        match &node.operation {
            Operation::Transform(transform) => {
                let from = self.take(input()?)?;
                let chain = transform_chain(transform)?;
                self.give(node.id, &from, &chain);
            }
            Operation::Filter(filter) => {
                let from = self.take(input()?)?;
                let from = self.effects(filter, from)?;
                self.give(node.id, &from, "");
            }
            Operation::Concat(_) | Operation::Mix { .. } | Operation::Speed { .. } => {
                return Err(unlike("several sources and other speeds"));
            }
            Operation::Subtitle { .. } | Operation::WriteSubtitle { .. } => {
                return Err(unlike("a stream of subtitles"));
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds what a built-in filter does; the label behind it.
    fn effects(&mut self, filter: &Filter, mut from: String) -> Result<String, String> {
        let (field, place) = match filter.role {
            FilterRole::Watermark => ("Watermarks", "watermarks"),
            FilterRole::Delogo => ("Delogos", "delogos"),
            _ => return Err(unlike(&format!("the plugin {}", filter.plugin))),
        };
        let effects = filter.parameters.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
        let regions = filter.regions.clone().unwrap_or_default();
        if regions.len() != effects.len() {
            return Err(unlike(&format!("{place} that do not say where they are")));
        }
        for (effect, region) in effects.iter().zip(&regions) {
            let area = region.area;
            let enable = enabled(region);
            let to = self.label();
            let chain = match (filter.role, effect["Type"].as_str()) {
                (FilterRole::Delogo, _) => {
                    // It wants a sample around the area.
                    let (x, y) = (area.x.max(1), area.y.max(1));
                    let (right, bottom) = (filter.picture.width - 1, filter.picture.height - 1);
                    let (width, height) =
                        ((area.x + area.width).min(right) - x, (area.y + area.height).min(bottom) - y);
                    format!("{from}delogo=x={x}:y={y}:w={width}:h={height}{enable}{to}")
                }
                (_, Some("text")) => format!("{from}{}:x={}:y={}{enable}{to}", text(effect), area.x, area.y),
                _ => {
                    let uri = effect["URI"].as_str().and_then(|uri| ObjectUri::parse(uri).ok());
                    let path = self.path(&uri.ok_or("a watermark has no picture")?)?;
                    let number = self.inputs.iter().filter(|argument| *argument == "-i").count();
                    self.inputs.extend(["-i".into(), path.into()]);
                    let logo = self.label();
                    self.graph.push(format!("[{number}:v]scale={}:{}{logo}", area.width, area.height));
                    format!("{from}{logo}overlay=x={}:y={}{enable}{to}", area.x, area.y)
                }
            };
            self.graph.push(chain);
            from = to;
        }
        Ok(from)
    }

    /// The streams of an output, its options and its name.
    fn output(&mut self, mux: &Node) -> Result<Vec<OsString>, String> {
        let Operation::Mux { container, segment, target, .. } = &mux.operation else {
            return Err(unlike("a file of subtitles"));
        };
        let mut arguments: Vec<String> = Vec::new();
        let (mut videos, mut audios) = (0, 0);
        for input in &mux.inputs {
            let node = self.plan.nodes().get(input.0).ok_or("an output has no stream")?;
            let reads = node.inputs.first().copied().ok_or("a stream has no source")?;
            match &node.operation {
                Operation::EncodeVideo { encoding, picture, keyframe_interval } => {
                    let from = self.take(reads)?;
                    let rate = encoding.frame_rate.or(picture.frame_rate).map_or(25.0, Rational::as_f64);
                    let (name, options) =
                        video_encoder(encoding, picture, rate, self.threads, keyframe_interval.is_some())
                            .map_err(|error| error.to_string())?;
                    arguments.extend(["-map".to_owned(), from, format!("-c:v:{videos}"), name.to_owned()]);
                    arguments.extend([format!("-pix_fmt:v:{videos}"), picture.pixel_format.to_string()]);
                    for (option, value) in options.into_iter().filter(|(option, _)| *option != "flags") {
                        arguments.extend([format!("-{option}:v:{videos}"), value]);
                    }
                    if let Some(seconds) = keyframe_interval {
                        let times = format!("expr:gte(t,n_forced*{seconds})");
                        arguments.extend([format!("-force_key_frames:v:{videos}"), times]);
                    }
                    videos += 1;
                }
                Operation::EncodeAudio { encoding } => {
                    let (name, options) = audio_encoder(encoding).map_err(|error| error.to_string())?;
                    arguments.extend([
                        "-map".to_owned(),
                        self.stream(node.id)?,
                        format!("-c:a:{audios}"),
                        name.to_owned(),
                    ]);
                    arguments.extend([format!("-ar:a:{audios}"), encoding.sample_rate.to_string()]);
                    arguments.extend([format!("-ac:a:{audios}"), encoding.channels.to_string()]);
                    for (option, value) in
                        options.into_iter().filter(|(option, _)| !["flags", "ch_layout"].contains(option))
                    {
                        arguments.extend([format!("-{option}:a:{audios}"), value]);
                    }
                    audios += 1;
                }
                Operation::Copy { .. } => {
                    let sound = self.is_sound(node.id);
                    let (kind, number) = if sound { ("a", &mut audios) } else { ("v", &mut videos) };
                    arguments.extend([
                        "-map".to_owned(),
                        self.stream(node.id)?,
                        format!("-c:{kind}:{number}"),
                        "copy".to_owned(),
                    ]);
                    *number += 1;
                }
                _ => return Err(unlike("a stream of this kind")),
            }
        }
        let name = match segment {
            None => {
                if matches!(container, Container::Mp4 | Container::Mov) {
                    arguments.extend(["-movflags", "+faststart"].map(str::to_owned));
                }
                format!("{target}.{}", container.extension())
            }
            Some(segment) => {
                let length = segment.duration.to_string();
                match segment.format {
                    SegmentFormat::Hls => {
                        let kind = if *container == Container::Ts { "mpegts" } else { "fmp4" };
                        let options =
                            ["-f", "hls", "-hls_playlist_type", "vod", "-hls_segment_type", kind, "-hls_time"];
                        arguments.extend(options.map(str::to_owned));
                        arguments.push(length);
                        // The first part of a fragmented stream has the same name in all of them otherwise.
                        arguments.extend(["-hls_fmp4_init_filename".to_owned(), format!("{target}-init.mp4")]);
                        format!("{target}.m3u8")
                    }
                    SegmentFormat::Dash => {
                        arguments.extend(["-f", "dash", "-seg_duration"].map(str::to_owned));
                        arguments.push(length);
                        format!("{target}.mpd")
                    }
                }
            }
        };
        arguments.push(name);
        Ok(arguments.into_iter().map(Into::into).collect())
    }

    fn is_sound(&self, node: NodeId) -> bool {
        self.plan.origin_of(node).is_some_and(|origin| {
            let audios = self.plan.sources().get(origin.source).map(|source| &source.facts.audio_streams);
            audios.is_some_and(|audios| audios.iter().any(|audio| audio.index == origin.stream))
        })
    }
}

fn seconds(ns: i64) -> String {
    format!("{:.6}", ns as f64 / 1e9)
}

/// When an effect is shown; nothing where that is always.
fn enabled(region: &Span) -> String {
    let from = region.start as f64 / 1e9;
    match region.end {
        None if region.start <= 0 => String::new(),
        None => format!(":enable='gte(t,{from})'"),
        // The end is the first moment at which it is gone.
        Some(end) => format!(":enable='gte(t,{from})*lt(t,{})'", end as f64 / 1e9),
    }
}

fn transform_chain(transform: &Transform) -> Result<String, String> {
    let Transform { geometry, picture } = transform;
    if geometry.tone_map {
        return Err(unlike("high dynamic range that is mapped"));
    }
    if geometry.mirror && geometry.rotation != Rotation::None {
        return Err(unlike("a mirrored picture that is rotated"));
    }
    // Its command line rotates by itself what the source says; a rotation that the request asks for is rare.
    let mut chain = String::new();
    if geometry.deinterlace {
        chain.push_str("bwdif=mode=send_frame:parity=auto:deint=interlaced,");
    }
    let _ = write!(chain, "scale={}:{}:flags=bicubic", geometry.scale.width, geometry.scale.height);
    if let Some(crop) = geometry.crop {
        let _ = write!(chain, ",crop={}:{}:{}:{}", crop.width, crop.height, crop.x, crop.y);
    }
    if let Some(pad) = geometry.pad {
        let _ = write!(chain, ",pad={}:{}:{}:{}", pad.width, pad.height, pad.x, pad.y);
    }
    if let Some(rate) = geometry.frame_rate {
        let _ = write!(chain, ",fps={rate}");
    }
    let _ = write!(chain, ",format={}", picture.pixel_format);
    Ok(chain)
}

/// The filter that writes the text of a watermark.
fn text(watermark: &Value) -> String {
    let word = |name: &str| watermark[name].as_str().filter(|word| !word.is_empty());
    let font = match word("FontName") {
        Some(name) if name.is_ascii() => name,
        _ => FONT,
    };
    let size = watermark["FontSize"].as_f64().unwrap_or(16.0);
    let colour = word("FontColor").unwrap_or("#000000");
    let alpha = watermark["FontApha"].as_f64().unwrap_or(1.0);
    let border = watermark["BorderWidth"].as_f64().unwrap_or(0.0);
    let mut filter = format!(
        "drawtext=text={}:font={}:fontsize={size}:fontcolor={}@{alpha}",
        escaped(word("Content").unwrap_or_default()),
        escaped(font),
        colour.replace('#', "0x"),
    );
    if border > 0.0 {
        let colour = word("BorderColor").unwrap_or("#000000").replace('#', "0x");
        let _ = write!(filter, ":borderw={border}:bordercolor={colour}");
    }
    filter
}

/// A value of an option within a graph of filters: escaped for the option, and again for the graph.
fn escaped(text: &str) -> String {
    let escape = |text: &str, special: &[char]| {
        let mut escaped = String::new();
        for c in text.chars() {
            if special.contains(&c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    };
    escape(&escape(text, &['\\', '\'', ':', '%']), &['\\', '\'', ',', ';', '[', ']'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_for_the_option_and_for_the_graph() {
        assert_eq!(escaped("plain"), "plain");
        assert_eq!(escaped("a:b"), r"a\\:b");
        assert_eq!(escaped("it's, 5%"), r"it\\\'s\, 5\\%");
    }

    #[test]
    fn an_effect_is_enabled_while_it_is_shown() {
        let area = crate::task::Rect { x: 0, y: 0, width: 2, height: 2 };
        let span = |start, end| enabled(&Span { area, start, end });
        assert_eq!(span(0, None), "");
        assert_eq!(span(1_500_000_000, None), ":enable='gte(t,1.5)'");
        assert_eq!(span(0, Some(2_000_000_000)), ":enable='gte(t,0)*lt(t,2)'");
    }
}
