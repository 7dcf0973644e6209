// Says how an output is encoded: at most 720 lines at one quality, and stereo sound.
//
// `resolve` gets the facts of the source and what the target asks for as JSON, and answers with every number that the host needs. The
// host refuses an answer that cannot be, such as odd sides or another codec than the one asked for.
#include <string.h>

#include "json.h"
#include "parameter_policy.h"
#include "text.h"

enum {
  LINES = 720,
  // Lower is better.
  QUALITY = 23,
  // bit/s of one channel.
  CHANNEL_BITRATE = 64000,
};

// A value of the document as it stands there.
static void put(text_t *answer, json_t value) { text_bytes(answer, value.bytes, value.length); }

static void refuse(text_t *answer, const char *field, const char *reason) {
  answer->length = 0;
  text_put(answer, "{\"Decision\":\"refuse\",\"Field\":\"");
  text_put(answer, field);
  text_put(answer, "\",\"Reason\":\"");
  text_put(answer, reason);
  text_put(answer, "\"}");
}

// The next even number below: half of the samples have colour.
static uint32_t even(double side) {
  uint32_t whole = (uint32_t)side / 2 * 2;
  return whole < 2 ? 2 : whole;
}

// The shape of a sample of a picture that is turned by a quarter: "4/3" becomes "3/4".
static void put_turned(text_t *answer, json_t ratio) {
  size_t slash = 0;
  while (slash < ratio.length && ratio.bytes[slash] != '/') slash++;
  text_put(answer, "\"");
  if (slash + 2 < ratio.length) text_bytes(answer, ratio.bytes + slash + 1, ratio.length - slash - 2);
  text_put(answer, "/");
  if (slash > 1) text_bytes(answer, ratio.bytes + 1, slash - 1);
  text_put(answer, "\"");
}

static void video(text_t *answer, json_t source, json_t wish) {
  json_t rotation = json_member(source, "Rotate"), aspect = json_member(source, "SampleAspectRatio");
  double width = json_number(json_member(source, "Width"), 0), height = json_number(json_member(source, "Height"), 0);
  // What is turned for the viewer is turned in the picture.
  bool turned = (uint32_t)json_number(rotation, 0) % 180 != 0;
  if (turned) {
    double other = width;
    width = height;
    height = other;
  }
  double lines = height < LINES ? height : LINES;
  text_put(answer, ",\"Video\":{\"Rotation\":");
  put(answer, rotation);
  // Flags that are not set stay out of the answer.
  if (json_is_true(json_member(source, "Interlaced"))) text_put(answer, ",\"Deinterlace\":true");
  if (json_is_true(json_member(source, "Mirror"))) text_put(answer, ",\"Mirror\":true");
  // TransferCharacteristics of ITU-T H.273 that mean high dynamic range: PQ and HLG.
  double transfer = json_number(json_member(json_member(source, "Colour"), "Transfer"), 2);
  if (transfer == 16 || transfer == 18) text_put(answer, ",\"ToneMap\":true");
  text_put(answer, ",\"Scale\":{\"Width\":");
  text_number(answer, even(width * lines / height));
  text_put(answer, ",\"Height\":");
  text_number(answer, even(lines));
  text_put(answer, "},\"SampleAspect\":");
  if (turned) {
    put_turned(answer, aspect);
  } else {
    put(answer, aspect);
  }
  text_put(answer, ",\"PixelFormat\":\"yuv420p\",\"Encoding\":{\"Codec\":");
  put(answer, json_member(wish, "Codec"));
  text_put(answer, ",\"Preset\":");
  put(answer, json_member(wish, "Preset"));
  text_put(answer, ",\"Rate\":{\"CRF\":");
  text_number(answer, QUALITY);
  text_put(answer, "},\"GOPSize\":150,\"BFrames\":3,\"Refs\":2");
  json_t rate = json_member(source, "FrameRate");
  if (json_is(rate)) {
    text_put(answer, ",\"FrameRate\":");
    put(answer, rate);
  }
  text_put(answer, "}}");
}

static void audio(text_t *answer, json_t source, json_t wish) {
  uint32_t channels = json_number(json_member(source, "Channels"), 1) >= 2 ? 2 : 1;
  text_put(answer, ",\"Audio\":{\"Encoding\":{\"Codec\":");
  put(answer, json_member(wish, "Codec"));
  text_put(answer, ",\"SampleRate\":48000,\"Channels\":");
  text_number(answer, channels);
  text_put(answer, ",\"Bitrate\":");
  text_number(answer, CHANNEL_BITRATE * channels);
  text_put(answer, "}}");
}

static text_t resolve(json_t document) {
  text_t answer = {0};
  json_t source = json_member(document, "Source"), target = json_member(document, "Target");
  json_t wish = json_member(target, "Video"), sound = json_member(target, "Audio");
  text_put(&answer, "{\"Decision\":\"use\"");
  if (json_is(wish)) {
    json_t stream = json_item(json_member(source, "VideoStreams"), 0);
    if (!json_is(stream)) {
      refuse(&answer, "Video", "the source has no video stream");
      return answer;
    }
    video(&answer, stream, wish);
  }
  if (json_is(sound)) {
    json_t stream = json_item(json_member(source, "AudioStreams"), 0);
    if (!json_is(stream)) {
      refuse(&answer, "Audio", "the source has no audio stream");
      return answer;
    }
    audio(&answer, stream, sound);
  }
  text_put(&answer, "}");
  return answer;
}

bool exports_wasmux_plugin_parameters_resolve(
    parameter_policy_string_t *document, parameter_policy_string_t *ret, exports_wasmux_plugin_parameters_error_t *err) {
  (void)err;
  text_t answer = resolve(json_document(document->ptr, document->len));
  *ret = (parameter_policy_string_t){answer.bytes, answer.length};
  return true;
}
