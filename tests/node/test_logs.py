"""Logs: one JSON object a line, without secrets whatever is passed in."""

from __future__ import annotations

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
