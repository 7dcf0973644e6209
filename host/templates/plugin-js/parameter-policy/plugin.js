// Says how an output is encoded: at most 720 lines at one quality, and stereo sound.
//
// `resolve` gets the facts of the source and what the target asks for as JSON, and answers with every number that the host needs. The
// host refuses an answer that cannot be, such as odd sides or another codec than the one asked for.

const LINES = 720;
/** Lower is better. */
const QUALITY = 23;
/** bit/s of one channel. */
const CHANNEL_BITRATE = 64000;
/** TransferCharacteristics of ITU-T H.273 that mean high dynamic range: PQ and HLG. */
const HIGH_DYNAMIC_RANGE = [16, 18];

export const parameters = {
  resolve(document) {
    const { Source: source, Target: target } = JSON.parse(document);
    const answer = { Decision: "use" };
    if (target.Video) {
      if (source.VideoStreams.length === 0) return refused("Video", "the source has no video stream");
      answer.Video = video(source.VideoStreams[0], target.Video);
    }
    if (target.Audio) {
      if (source.AudioStreams.length === 0) return refused("Audio", "the source has no audio stream");
      answer.Audio = audio(source.AudioStreams[0], target.Audio);
    }
    return JSON.stringify(answer);
  },
};

function refused(field, reason) {
  return JSON.stringify({ Decision: "refuse", Field: field, Reason: reason });
}

function video(source, wish) {
  // What is turned for the viewer is turned in the picture.
  const turned = source.Rotate % 180 !== 0;
  const [width, height] = turned ? [source.Height, source.Width] : [source.Width, source.Height];
  const lines = Math.min(height, LINES);
  const [across, down] = source.SampleAspectRatio.split("/");
  return {
    // Flags that are not set stay out of the answer.
    Deinterlace: source.Interlaced || undefined,
    Mirror: source.Mirror || undefined,
    Rotation: source.Rotate,
    Scale: { Width: even((width * lines) / height), Height: even(lines) },
    ToneMap: HIGH_DYNAMIC_RANGE.includes(source.Colour.Transfer) || undefined,
    SampleAspect: turned ? `${down}/${across}` : `${across}/${down}`,
    PixelFormat: "yuv420p",
    Encoding: {
      Codec: wish.Codec,
      Preset: wish.Preset,
      Rate: { CRF: QUALITY },
      GOPSize: 150,
      BFrames: 3,
      Refs: 2,
      FrameRate: source.FrameRate,
    },
  };
}

/** The next even number below: half of the samples have colour. */
function even(side) {
  return Math.max(2, Math.floor(side / 2) * 2);
}

function audio(source, wish) {
  const channels = Math.min(2, Math.max(1, source.Channels));
  return {
    Encoding: { Codec: wish.Codec, SampleRate: 48000, Channels: channels, Bitrate: CHANNEL_BITRATE * channels },
  };
}
