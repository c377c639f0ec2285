"""An institution's platform above its own node: the north-south calls of section 5, as the document has them.

It knows nothing of interconn's code. The document says nothing of how such a caller shows who it is; a node takes a
bearer token (docs/platform.md).
"""

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.interoperation.client import DEADLINE_SECONDS, Reply

BASE = "/v1/platform/schedule"


class UpperLayer:
    """Calls a node at its admin listener.

    Args:
        address: of that listener.
        token: shown with each call; none where it is empty.
    """

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token

    def send(self, method: str, path: str, body: bytes = b"", media_type: str = "application/json") -> Reply:
        where = urlsplit(self.address)
        assert where.scheme == "http"
        assert where.hostname
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if body:
            headers["content-type"] = media_type
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=DEADLINE_SECONDS)
        try:
            connection.request(method, BASE + path, body or None, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers.get("content-type", ""), answer.read(), None)
        finally:
            connection.close()

    def post(self, path: str, members: Any) -> Reply:
        return self.send("POST", path, json.dumps(members, ensure_ascii=False).encode())

    def get(self, path: str, **members: object) -> Reply:
        return self.send("GET", f"{path}?{urlencode(members)}" if members else path)

    def data(self, reply: Reply) -> Any:
        """What a call that went well brings, in the envelope of CTL-2.3."""
        assert (reply.status, reply.code) == (200, 0), reply.body
        assert set(reply.envelope) == {"code", "msg", "data"}
        assert reply.content_type.partition(";")[0] == "application/json"
        return reply.data

    # ------------------------------------------------------------------ CTL-5.1 to CTL-5.8

    def create_all(self, flow_id: str, dag: Any, config: Any) -> str:
        found: str = self.data(self.post("/job/create_all", {"flow_id": flow_id, "dag": dag, "config": config}))[
            "job_id"
        ]
        return found

    def stop_all(self, job_id: str) -> Any:
        return self.data(self.post("/job/stop_all", {"job_id": job_id}))

    def status_all(self, job_id: str) -> Any:
        return self.data(self.get("/job/status_all", job_id=job_id))

    def log_lines(self, task_id: str, level: str) -> int:
        found: int = self.data(self.get("/task/get_log_line", task_id=task_id, log_level=level))["num"]
        return found

    def log(self, task_id: str, level: str, start: int, **length: int) -> str:
        members = {"task_id": task_id, "log_level": level, "start": start, **length}
        found: str = self.data(self.get("/task/get_log", **members))["data"]
        return found

    def job_list(self, **flow_id: str) -> Any:
        return self.data(self.get("/job/query_job_list", **flow_id))["job_list"]

    def stop_task(self, job_id: str, task_name: str) -> Any:
        return self.data(self.post("/job/stop_task", {"job_id": job_id, "task_name": task_name}))

    def register(self, image_url: str, component_info: Any) -> Any:
        return self.data(self.post("/component/register", {"imageUrl": image_url, "component_info": component_info}))
