"""As much of the protobuf encoding as a partner needs: fields by number, from the clause catalogue."""

from collections.abc import Mapping, Sequence

Value = int | bytes | str | bool
Fields = Mapping[int, Value | Sequence[Value]]
VARINT, LENGTH = 0, 2


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative int32 and int64 take ten bytes
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def message(fields: Fields) -> bytes:
    """A message; a sequence is a repeated field, packed where it holds numbers."""
    out = b""
    for number, value in fields.items():
        if isinstance(value, bytes | str | int):
            out += one(number, value)
        elif value and all(isinstance(each, int) for each in value):
            out += one(number, b"".join(varint(int(each)) for each in value))
        else:
            out += b"".join(one(number, each) for each in value)
    return out


def one(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | LENGTH) + varint(len(raw)) + raw


def parse(data: bytes) -> dict[int, list[int | bytes]]:
    """Fields of a message by number, each in the order sent."""
    found: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(data):
        tag, at = number_at(data, at)
        if tag & 7 == VARINT:
            value, at = number_at(data, at)
            found.setdefault(tag >> 3, []).append(value)
        elif tag & 7 == LENGTH:
            size, at = number_at(data, at)
            assert at + size <= len(data), "a field is longer than its message"
            found.setdefault(tag >> 3, []).append(data[at : at + size])
            at += size
        else:
            raise AssertionError(f"wire type {tag & 7} is not used by these messages")
    return found


def number_at(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def number(fields: Mapping[int, Sequence[int | bytes]], field: int) -> int:
    """A number; 0 where it is absent."""
    value = fields.get(field, [0])[-1]
    assert isinstance(value, int)
    return value - (1 << 64) if value >> 63 else value


def octets(fields: Mapping[int, Sequence[int | bytes]], field: int) -> bytes:
    """Bytes; none where they are absent."""
    value = fields.get(field, [b""])[-1]
    assert isinstance(value, bytes)
    return value
