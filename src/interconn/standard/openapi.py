"""OpenAPI documents made from the endpoint table, so that they cannot differ from what is served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from interconn.standard.endpoint import Endpoint, Proof
from interconn.standard.wire import WireModel

_WORDS: Final = ("error", "message", "where", "clause", "hint")
_REFERENCE = "#/components/schemas/{model}"


def document(
    title: str, version: str, endpoints: Iterable[Endpoint[Any, Any]], *, bearer: bool = False
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the endpoints.

    Args:
        title: name of the listener.
        version: version of the software.
        endpoints: what it serves.
        bearer: whether callers present a bearer token.
    """
    listed = list(endpoints)
    models: list[type[WireModel]] = list(dict.fromkeys(model for e in listed for model in (e.request, e.reply)))
    references, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REFERENCE, by_alias=True
    )
    schemas = definitions.get("$defs", {})
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        for method in endpoint.methods:
            operation = _operation(endpoint, method, references, schemas, bearer)
            paths.setdefault(endpoint.path, {})[method.lower()] = operation
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if bearer:
        found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return found


def _operation(
    endpoint: Endpoint[Any, Any], method: str, references: Any, schemas: dict[str, Any], bearer: bool
) -> dict[str, Any]:
    request = references[(endpoint.request, "validation")]
    reply = references[(endpoint.reply, "validation")]
    operation: dict[str, Any] = {
        "operationId": endpoint.name if method == endpoint.method else f"{endpoint.name}.{method.lower()}",
        "summary": endpoint.summary,
        "x-interconn-clause": endpoint.clause,
        "responses": {
            "200": {
                "description": "The reply envelope: code 0, or a refusal that follows from the present state",
                "content": _json({"oneOf": [_envelope(reply), _REFUSAL]}),
            },
            "default": {"description": "The envelope of a refusal (docs/errors.md)", "content": _json(_REFUSAL)},
        },
    }
    if endpoint.streams:
        operation["responses"]["200"] = {
            "description": "Server-sent events, each with the data described here; or a refusal",
            "content": {"text/event-stream": {"schema": reply}, **_json(_REFUSAL)},
        }
        operation["responses"]["204"] = {"description": "Nothing will follow the last event that the caller names"}
    if method == "GET":
        operation["parameters"] = _query_parameters(schemas[request["$ref"].rpartition("/")[2]])
    else:
        operation["requestBody"] = {"required": True, "content": _json(request)}
    if bearer:
        operation["security"] = [{"token": []}]
    elif endpoint.proof is Proof.CONTRACT:
        operation["description"] = "Signed with x-auth-sign under an approved contract (docs/signature.md)."
    return operation


def _query_parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema.get("properties", {}).items()
    ]


def _envelope(data: dict[str, Any], code: dict[str, Any] | None = None) -> dict[str, Any]:
    members = {"code": code or {"const": 0}, "msg": {"type": "string"}, "data": data}
    return {"type": "object", "required": ["code", "msg", "data"], "properties": members}


def _refusal() -> dict[str, Any]:
    error = {
        "type": "object",
        "required": ["error", "code", "message"],
        "properties": {"code": {"type": "integer"}, **{word: {"type": "string"} for word in _WORDS}},
    }
    data = {"type": "object", "required": ["extension"], "properties": {"extension": error}}
    return _envelope(data, {"type": "integer", "not": {"const": 0}})


_REFUSAL: Final = _refusal()


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
