"""Says how an output is encoded: at most 720 lines at one quality, and stereo sound.

`resolve` gets the facts of the source and what the target asks for as JSON, and answers with every number that the host needs. The host
refuses an answer that cannot be, such as odd sides or another codec than the one asked for.

What this module imports becomes part of the component; nothing can be imported later, for there are no files.
"""

import json

from wit_world import exports

LINES = 720
# Lower is better.
QUALITY = 23
# bit/s of one channel.
CHANNEL_BITRATE = 64_000
# TransferCharacteristics of ITU-T H.273 that mean high dynamic range: PQ and HLG.
HIGH_DYNAMIC_RANGE = (16, 18)


class Parameters(exports.Parameters):
    def resolve(self, document):
        asked = json.loads(document)
        return json.dumps(decide(asked["Source"], asked["Target"]))


def decide(source, target):
    answer = {"Decision": "use"}
    if wish := target.get("Video"):
        if not source["VideoStreams"]:
            return refused("Video", "the source has no video stream")
        answer["Video"] = video(source["VideoStreams"][0], wish)
    if wish := target.get("Audio"):
        if not source["AudioStreams"]:
            return refused("Audio", "the source has no audio stream")
        answer["Audio"] = audio(source["AudioStreams"][0], wish)
    return answer


def refused(field, reason):
    return {"Decision": "refuse", "Field": field, "Reason": reason}


def video(source, wish):
    # What is turned for the viewer is turned in the picture.
    turned = source["Rotate"] % 180 != 0
    width, height = source["Width"], source["Height"]
    across, down = source["SampleAspectRatio"].split("/")
    if turned:
        width, height, across, down = height, width, down, across
    lines = min(height, LINES)
    encoding = {
        "Codec": wish["Codec"],
        "Preset": wish["Preset"],
        "Rate": {"CRF": QUALITY},
        "GOPSize": 150,
        "BFrames": 3,
        "Refs": 2,
    }
    if rate := source.get("FrameRate"):
        encoding["FrameRate"] = rate
    answer = {
        "Rotation": source["Rotate"],
        "Scale": {"Width": even(width * lines // height), "Height": even(lines)},
        "SampleAspect": f"{across}/{down}",
        "PixelFormat": "yuv420p",
        "Encoding": encoding,
    }
    # Flags that are not set stay out of the answer.
    if source.get("Interlaced"):
        answer["Deinterlace"] = True
    if source.get("Mirror"):
        answer["Mirror"] = True
    if source["Colour"]["Transfer"] in HIGH_DYNAMIC_RANGE:
        answer["ToneMap"] = True
    return answer


def even(side):
    """The next even number below: half of the samples have colour."""
    return max(2, side // 2 * 2)


def audio(source, wish):
    channels = min(2, max(1, source["Channels"]))
    encoding = {"Codec": wish["Codec"], "SampleRate": 48_000, "Channels": channels, "Bitrate": CHANNEL_BITRATE * channels}
    return {"Encoding": encoding}
