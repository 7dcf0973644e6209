"""Drives a server with the vendor's own SDK. Arguments: address, file with the guide's requests (a JSON array), their source. Prints the ids of the tasks."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
import urllib.request
import uuid
from urllib.parse import quote, urlencode

from alibabacloud_imm20200930 import models
from alibabacloud_imm20200930.client import Client
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

address, file, source = sys.argv[1:]
SOURCE = "oss://test-bucket/video-demo/Shushan Commercial Building.mov"


def client(key="sdk", secret="secret of the SDK", token=None):
    config = Config(access_key_id=key, access_key_secret=secret, security_token=token, endpoint=address, protocol="http")
    return Client(config)


def refused(call):
    try:
        call()
    except TeaException as error:
        return error.code
    raise AssertionError("was not refused")


def listing(client, **more):
    return client.list_tasks(models.ListTasksRequest(project_name="test-project", **more)).body


def by_the_older_signature(action, secret="secret of the SDK", **parameters):
    """One call as SDKs before V3 sign it: all in the query, with HMAC-SHA1."""
    query = {
        **{"Action": action, "Version": "2020-09-30", "Format": "JSON", "AccessKeyId": "sdk", "SignatureMethod": "HMAC-SHA1"},
        **{"SignatureVersion": "1.0", "SignatureNonce": str(uuid.uuid4())},
        **{"Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())},
        **parameters,
    }
    escape = lambda text: quote(text, safe="~")
    canonical = "&".join(f"{escape(name)}={escape(value)}" for name, value in sorted(query.items()))
    signed = f"POST&{escape('/')}&{escape(canonical)}"
    digest = hmac.new(f"{secret}&".encode(), signed.encode(), hashlib.sha1).digest()
    query["Signature"] = base64.b64encode(digest).decode()
    with urllib.request.urlopen(f"http://{address}/?{urlencode(query)}", data=b"") as answer:
        return json.load(answer)


ours = client()

# Projects: nothing is taken for one that does not exist.
with open(file) as requests:
    first = models.CreateMediaConvertTaskRequest().from_map(json.load(requests)[0])
assert refused(lambda: ours.create_media_convert_task(first)) == "ResourceNotFound"
assert refused(lambda: listing(ours)) == "ResourceNotFound"
get = lambda name: ours.get_project(models.GetProjectRequest(project_name=name)).body.project
assert refused(lambda: get("test-project")) == "ResourceNotFound"
tag = models.CreateProjectRequestTag(key="team", value="a")
create = models.CreateProjectRequest(project_name="test-project", description="films", dataset_max_bind_count=7, tag=[tag])
made = ours.create_project(create).body.project
assert (made.project_name, made.description, made.dataset_max_bind_count) == ("test-project", "films", 7), made
assert (made.tags[0].tag_key, made.tags[0].tag_value) == ("team", "a") and made.create_time == made.update_time, made
assert made.project_max_dataset_count == 1000000000 and made.dataset_count == 0, made
assert refused(lambda: ours.create_project(create)) == "ResourceAlreadyExists"
changed = ours.update_project(models.UpdateProjectRequest(project_name="test-project", service_role="role")).body.project
assert (changed.description, changed.service_role, changed.tags[0].tag_value) == ("films", "role", "a"), changed
assert get("test-project").to_map() == changed.to_map()
for name in ("test-2", "test-3", "other"):
    ours.create_project(models.CreateProjectRequest(project_name=name))
found, token = [], None
while token != "":
    page = ours.list_projects(models.ListProjectsRequest(max_results=2, next_token=token, prefix="test-")).body
    assert len(page.projects) <= 2, page
    found += [project.project_name for project in page.projects]
    token = page.next_token
assert found == ["test-2", "test-3", "test-project"], found
tagged = models.ListProjectsRequest(tag=[models.ListProjectsRequestTag(key="team", value="a")])
assert [project.project_name for project in ours.list_projects(tagged).body.projects] == ["test-project"]
delete = lambda name: ours.delete_project(models.DeleteProjectRequest(project_name=name)).body.request_id
assert delete("test-2") and refused(lambda: delete("test-2")) == "ResourceNotFound"
assert refused(lambda: delete("narrow")) == "ProjectInUse"

# What a source is, compared with ffprobe.
detect = lambda project, uri: ours.detect_media_meta(models.DetectMediaMetaRequest(project_name=project, source_uri=uri)).body
meta = detect("test-project", SOURCE)
probe = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", source]
probed = json.loads(subprocess.run(probe, check=True, capture_output=True).stdout)
video, audio = ([stream for stream in probed["streams"] if stream["codec_type"] == kind] for kind in ("video", "audio"))
assert (meta.format_name, meta.size, meta.request_id is not None) == (
    probed["format"]["format_name"],
    int(probed["format"]["size"]),
    True,
), meta
assert abs(meta.duration - float(probed["format"]["duration"])) < 0.001 and meta.stream_count == len(probed["streams"])
assert (meta.video_width, meta.video_height) == (video[0]["width"], video[0]["height"])
assert len(meta.video_streams) == len(video) == 1 and len(meta.audio_streams) == len(audio)
for told, theirs in zip(meta.video_streams, video):
    for field, name in {
        **{"codec_name": "codec_name", "codec_long_name": "codec_long_name", "profile": "profile", "level": "level"},
        **{"codec_tag": "codec_tag", "codec_tag_string": "codec_tag_string", "width": "width", "height": "height"},
        **{"has_bframes": "has_b_frames", "pixel_format": "pix_fmt", "frame_rate": "r_frame_rate", "time_base": "time_base"},
        **{"average_frame_rate": "avg_frame_rate", "sample_aspect_ratio": "sample_aspect_ratio"},
        **{"display_aspect_ratio": "display_aspect_ratio", "color_space": "color_space", "color_range": "color_range"},
        **{"color_transfer": "color_transfer", "color_primaries": "color_primaries", "index": "index"},
    }.items():
        assert name not in theirs or getattr(told, field) == theirs[name], (field, getattr(told, field), theirs[name])
    assert told.frame_count == int(theirs["nb_frames"]) and told.rotate == "0", told
for told, theirs in zip(meta.audio_streams, audio):
    for field, name in {
        **{"codec_name": "codec_name", "codec_tag": "codec_tag", "sample_format": "sample_fmt", "channels": "channels"},
        **{"channel_layout": "channel_layout", "time_base": "time_base", "index": "index"},
    }.items():
        assert name not in theirs or getattr(told, field) == theirs[name], (field, getattr(told, field), theirs[name])
    assert told.sample_rate == int(theirs["sample_rate"]), told
assert refused(lambda: detect("test-project", "oss://test-bucket/none.mov")) == "ResourceNotFound"
assert refused(lambda: detect("test-project", "oss://test-bucket/video-demo/notes.txt")) == "InvalidArgument"
assert refused(lambda: detect("test-project", None)) == "MissingSourceURI"
assert refused(lambda: detect("narrow", SOURCE)) == "ResourceNotFound"
assert by_the_older_signature("DetectMediaMeta", ProjectName="test-project", SourceURI=SOURCE)["VideoWidth"] == meta.video_width

ids, events = [], {}
with open(file) as requests:
    for request in json.load(requests):
        answer = ours.create_media_convert_task(models.CreateMediaConvertTaskRequest().from_map(request)).body
        assert answer.event_id == answer.request_id, answer
        ids.append(answer.task_id)
        events[answer.task_id] = answer.event_id
        asked = models.GetTaskRequest(
            project_name="test-project", task_type="MediaConvert", task_id=answer.task_id, request_definition=True
        )
        task = ours.get_task(asked).body
        assert (task.task_id, task.project_name, task.task_type) == (answer.task_id, "test-project", "MediaConvert"), task
        kept = json.loads(task.task_request_definition)
        for field in ("Sources", "Targets"):
            assert len(kept[field]) == len(request[field]), kept
        assert kept["Targets"][0]["URI"] == request["Targets"][0]["URI"], kept

# The first is run to its end.
get_task = lambda: ours.get_task(models.GetTaskRequest(project_name="test-project", task_type="MediaConvert", task_id=ids[0])).body
patience = time.monotonic() + 180
while (task := get_task()).status == "Running":
    assert time.monotonic() < patience, task
    time.sleep(0.05)
assert (task.status, task.progress, task.code, task.event_id) == ("Succeeded", 100, "", events[ids[0]]), task
older = by_the_older_signature("GetTask", ProjectName="test-project", TaskType="MediaConvert", TaskId=ids[0])
assert (older["Status"], older["EventId"], older["EndTime"]) == ("Succeeded", task.event_id, task.end_time), older
assert refused(lambda: delete("test-project")) == "ProjectInUse", "the others still wait"

found, token = [], None
while token != "":
    page = listing(ours, max_results=3, next_token=token, task_types=["MediaConvert"])
    assert len(page.tasks) <= 3 and page.max_results == "3", page
    found += [task.task_id for task in page.tasks]
    token = page.next_token
assert found == ids, (found, ids)
newest = listing(ours, order="desc", sort="StartTime", max_results=1, request_definition=True).tasks[0]
assert newest.task_id == ids[-1] and json.loads(newest.task_request_definition)["Sources"], newest
past = models.TimeRange(start="2000-01-01T00:00:00.000Z", end="2000-01-02T00:00:00.000Z")
assert listing(ours, start_time_range=past).tasks == []
assert listing(ours, tag_selector="a=b").tasks == []

temporary = dict(key="STS.sdk", secret="secret of a temporary key")
assert listing(client(**temporary, token="the token")).tasks
assert refused(lambda: listing(client(secret="secret of nobody"))) == "SignatureDoesNotMatch"
assert refused(lambda: listing(client(key="nobody"))) == "InvalidAccessKeyId.NotFound"
assert refused(lambda: listing(client(**temporary))) == "MissingSecurityToken"
assert refused(lambda: listing(client(**temporary, token="another"))) == "InvalidSecurityToken"
wrong = models.CreateMediaConvertTaskRequest(project_name="test-project")
assert refused(lambda: ours.create_media_convert_task(wrong)) == "MissingArgument"
unknown = models.GetTaskRequest(project_name="other", task_type="MediaConvert", task_id=ids[0])
assert refused(lambda: ours.get_task(unknown)) == "ResourceNotFound"
print("\n".join(ids))
