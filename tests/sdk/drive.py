"""Drives a server with the vendor's own SDK. Arguments: address, file with the guide's requests (a JSON array). Prints the ids of the tasks."""

import json
import sys

from alibabacloud_imm20200930 import models
from alibabacloud_imm20200930.client import Client
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

address, file = sys.argv[1:]


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


ours = client()
ids = []
with open(file) as requests:
    for request in json.load(requests):
        answer = ours.create_media_convert_task(models.CreateMediaConvertTaskRequest().from_map(request)).body
        assert answer.event_id == answer.request_id, answer
        ids.append(answer.task_id)
        asked = models.GetTaskRequest(
            project_name="test-project", task_type="MediaConvert", task_id=answer.task_id, request_definition=True
        )
        task = ours.get_task(asked).body
        assert (task.task_id, task.project_name, task.task_type) == (answer.task_id, "test-project", "MediaConvert"), task
        kept = json.loads(task.task_request_definition)
        for field in ("Sources", "Targets"):
            assert len(kept[field]) == len(request[field]), kept
        assert kept["Targets"][0]["URI"] == request["Targets"][0]["URI"], kept

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
