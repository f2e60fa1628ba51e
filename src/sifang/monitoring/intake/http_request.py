"""A request of a tracker, as the decoders of HTTP gateways see it. Standard library only."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from sifang.monitoring.intake.fixes import BadFrame


@dataclass(slots=True)
class Request:
    """One request. Header names in lower case; `body` as sent."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        return split_target(self.target)[0]

    def query(self) -> dict[str, str]:
        """Return the fields of the address (and of a form in the body); the first of a name counts."""
        fields = pairs(split_target(self.target)[1])
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            fields = pairs(self.body.decode("utf-8", "replace")) | fields
        return fields

    def basic(self) -> tuple[str, str] | None:
        """Return user and password of HTTP Basic, None where absent or unreadable."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
        return user, password


def split_target(target: str) -> tuple[str, str]:
    """Return path and query of a request target; a target that is none has the path ""."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "", ""
    return parts.path, parts.query


def pairs(query: str) -> dict[str, str]:
    """Return the fields of a query; the first of a name counts."""
    try:
        return dict(reversed(parse_qsl(query, keep_blank_values=True, max_num_fields=100)))
    except ValueError:
        return {}


def request_of_line(line: str) -> Request:
    """Return the request of one line {"method", "path", "headers", "body"}. Raises BadFrame.

    A body that is not a string is taken for the JSON it stands for.
    """
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise BadFrame("line is not JSON") from None
    if not isinstance(told, dict):
        raise BadFrame("line is not a JSON object")
    headers = told.get("headers") or {}
    if not isinstance(headers, dict):
        raise BadFrame("headers are not an object")
    body = told.get("body")
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    return Request(
        method=str(told.get("method") or "GET"),
        target=str(told.get("path") or "/"),
        headers={str(name).lower(): str(value) for name, value in headers.items()},
        body=text.encode("utf-8", "replace"),
    )
