"""A cpio archive as Linux unpacks it at boot (newc), the same bytes for the
same content: no owner, no time."""

from __future__ import annotations

from typing import Iterator

_DIRECTORY = 0o040755
_FILE = 0o100755


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _member(number: int, mode: int, name: str, content: bytes) -> bytes:
    path = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _aligned(head + path) + _aligned(content)


def _members(files: dict[str, bytes],
             directories: tuple[str, ...]) -> Iterator[bytes]:
    number = 0
    for name in directories:
        number += 1
        yield _member(number, _DIRECTORY, name, b"")
    for name in sorted(files):
        number += 1
        yield _member(number, _FILE, name, files[name])
    yield _member(0, 0, "TRAILER!!!", b"")


def cpio(files: dict[str, bytes], directories: tuple[str, ...] = ()) -> bytes:
    """An archive of @directories, in this order, and @files by their paths.
    Another archive may follow it, compressed or not."""
    return b"".join(_members(files, directories))
