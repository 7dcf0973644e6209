//! The SDK's kernels natively and as a component with simd128: the same code, the same samples, in turn.

use std::error::Error;
use std::fs;
use std::time::Instant;

use kernels::KernelFilter;
use serde_json::json;
use wasmux::media::Frame;
use wasmux::pipeline::{FilterFactory, FilterRequest, FrameFilter};
use wasmux::sandbox::{Sandbox, SandboxConfig};
use wasmux::task::{Colour, Picture, PixelFormat, Rational};
use wasmux_benches::{Spread, record, target};
use wasmux_sdk::testing::{FakeFrame, OpenFilter, open, picture};

const PAIRS: usize = 61;
/// Microseconds that one measurement takes about: short, so that most are not interrupted by what else the machine does.
const LONG: f64 = 3_000.0;
const SIDES: (u32, u32) = (384, 216);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = target().join("bench-kernels");
    fs::create_dir_all(&folder)?;
    fs::copy(target().join("wasm32-unknown-unknown/release/kernels.wasm"), folder.join("kernels.wasm"))?;
    let sandbox = Sandbox::new(SandboxConfig { plugin_folder: Some(folder), ..SandboxConfig::default() })?;
    let mut table = format!(
        "One run on {}x{} luma samples of 4:2:0, in microseconds, median of {PAIRS} (min to max)\n\n| kernel | bits | component | native | ratio of the pairs |\n|---|---|---|---|---|\n",
        SIDES.0, SIDES.1
    );
    for kernel in ["blend", "mosaic", "blur", "interpolate", "convert", "resize"] {
        for (bits, format) in [(8, PixelFormat::Yuv420p), (10, PixelFormat::Yuv420p10le)] {
            if kernel == "resize" && bits > 8 {
                continue;
            }
            let mut pairs = Vec::new();
            let once = Component::new(&sandbox, kernel, format, 1)?.time()?;
            let repeat = ((LONG / once) as u32).clamp(1, 10_000);
            let mut component = Component::new(&sandbox, kernel, format, repeat)?;
            let mut native = Native::new(kernel, bits, repeat)?;
            // The first frame brings the samples.
            component.time()?;
            native.time()?;
            for _ in 0..PAIRS {
                pairs.push((component.time()? / f64::from(repeat), native.time()? / f64::from(repeat)));
            }
            let show = |values: Vec<f64>, digits: usize| {
                let spread = Spread::of(values);
                spread.map_or_else(String::new, |s| {
                    format!("{:.digits$} ({:.digits$} to {:.digits$})", s.median, s.min, s.max)
                })
            };
            let ours = show(pairs.iter().map(|pair| pair.0).collect(), 1);
            let theirs = show(pairs.iter().map(|pair| pair.1).collect(), 1);
            let ratio = show(pairs.iter().map(|pair| pair.0 / pair.1).collect(), 2);
            table.push_str(&format!("| {kernel} | {bits} | {ours} | {theirs} | **{ratio}** |\n"));
        }
    }
    record("The SDK's kernels, simd128 against native", &table)?;
    Ok(())
}

fn parameters(kernel: &str, repeat: u32) -> serde_json::Value {
    json!({"Kernel": kernel, "Repeat": repeat, "Width": SIDES.0, "Height": SIDES.1})
}

struct Component {
    filter: Box<dyn FrameFilter>,
    frame: Frame,
}

impl Component {
    fn new(sandbox: &Sandbox, kernel: &str, pixel_format: PixelFormat, repeat: u32) -> Result<Self, Box<dyn Error>> {
        let picture = Picture {
            width: 640,
            height: 360,
            pixel_format,
            sample_aspect: Rational::ONE,
            frame_rate: None,
            colour: Colour::UNSPECIFIED,
        };
        let plugin = "kernels".parse()?;
        let request = FilterRequest { plugin: &plugin, parameters: &parameters(kernel, repeat), picture: &picture };
        let filter = sandbox.open(request).map_err(|failure| failure.to_string())?.filter;
        Ok(Self { filter, frame: Frame::blank(&picture, 0, 0, 0)? })
    }

    /// Microseconds of one frame.
    fn time(&mut self) -> Result<f64, Box<dyn Error>> {
        let begun = Instant::now();
        self.filter.process(&mut self.frame).map_err(|failure| failure.to_string())?;
        Ok(begun.elapsed().as_secs_f64() * 1e6)
    }
}

struct Native {
    filter: OpenFilter<KernelFilter>,
    frame: FakeFrame,
}

impl Native {
    fn new(kernel: &str, bits: u8, repeat: u32) -> Result<Self, Box<dyn Error>> {
        let picture = picture(640, 360).bit_depth(bits);
        let filter = open(&picture.setup(), &parameters(kernel, repeat).to_string())?;
        Ok(Self { filter, frame: picture.frame() })
    }

    /// Microseconds of one frame.
    fn time(&mut self) -> Result<f64, Box<dyn Error>> {
        let begun = Instant::now();
        self.filter.process(&mut self.frame)?;
        Ok(begun.elapsed().as_secs_f64() * 1e6)
    }
}
