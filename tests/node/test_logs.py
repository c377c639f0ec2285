"""Logs: one JSON object a line, without secrets whatever is passed in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from interconn.node import logs

SECRET = "kq8Zl2vT0mW5"


@pytest.mark.parametrize(
    "event",
    [
        {"token": SECRET},
        {"admin_token": SECRET},
        {"password": SECRET},
        {"permits": SECRET},
        {"resource_permit": {"token": SECRET}},
        {"private_key": SECRET},
        {"x_auth_sign": SECRET},
        {"event": f"called with x-ptp-token: {SECRET}"},
        {"url": f"s3://store:9000?username=admin&password={SECRET}&bucket=storage"},
        {"header": f"Bearer {SECRET}"},
        {"line": f"x-mprac-token-set: urn:interconn:dataset:a:b/1/{SECRET}, next"},
    ],
)
def test_a_secret_never_reaches_a_line(event: dict[str, object]) -> None:
    assert SECRET not in str(logs.redact(None, "info", dict(event)))


def test_what_is_no_secret_stays() -> None:
    event = {"event": "refused", "caller": "bank", "code": 40102, "trace_id": "t-1"}
    assert logs.redact(None, "info", dict(event)) == event


@pytest.mark.fault
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_under_the_log_ends_no_work() -> None:
    program = (
        "import logging, sys, structlog; from interconn.node import logs; logs.configure('info', 'bank');\n"
        "for number in range(3000): structlog.get_logger().info('much to say', number=number)\n"
        "logging.getLogger('library').error('this too'); print('done', file=sys.stderr)"
    )
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True)
    assert "done" in ran.stderr
