"""The kernel's screen in an emulator, read back from its picture."""

from __future__ import annotations

import json
import re
import socket

import support

CELL = 6, 10            # arch/x86/framebuffer.h
GLYPH = 5, 8
FAREWELL = "The machine can be switched off."


def glyphs():
    """Each printable character by the dots of its glyph."""
    text = (support.ROOT / "arch" / "x86" / "font.c").read_text()
    rows = [int(word, 16).to_bytes(8, "big")
            for word in re.findall(r"0x([0-9a-f]{16})", text)]
    return {glyph: chr(32 + number) for number, glyph in enumerate(rows)}


def as_rows(lines, columns):
    """@lines, each cut into as many rows of @columns as it needs."""
    return [line[at:at + columns].rstrip() for line in lines
            for at in range(0, len(line) or 1, columns)]


class Picture:
    """What the screen shows: text, white on black."""

    def __init__(self, width, height, pixels, pitch, pixel_size):
        self.width, self.height, self.pixels = width, height, pixels
        self.pitch, self.pixel_size = pitch, pixel_size
        self.dot = max(1, min(self.width // (80 * CELL[0]),
                              self.height // (25 * CELL[1])))
        self.columns = self.width // (CELL[0] * self.dot)
        self.rows = self.height // (CELL[1] * self.dot)

    @classmethod
    def from_ppm(cls, path):
        """A picture that QEMU's screendump has written."""
        kind, width, height, _, pixels = path.read_bytes().split(maxsplit=4)
        assert kind == b"P6"
        return cls(int(width), int(height), pixels, 3 * int(width), 3)

    def is_lit(self, x, y):
        """The pixel is white; it is black otherwise, or nothing of ours."""
        at = y * self.pitch + x * self.pixel_size
        return set(self.pixels[at:at + self.pixel_size]) == {0xff}

    def cell(self, row, column, characters):
        """The character there, or a replacement for what is none."""
        x, y = column * CELL[0] * self.dot, row * CELL[1] * self.dot
        dots = bytes(
            sum(self.is_lit(x + i * self.dot, y + j * self.dot) << 4 - i
                for i in range(GLYPH[0])) for j in range(GLYPH[1]))
        return characters.get(dots, "\ufffd")

    def lines(self):
        """The text, line by line, without what is empty at the end."""
        characters = glyphs()
        lines = ["".join(self.cell(row, column, characters)
                         for column in range(self.columns)).rstrip()
                 for row in range(self.rows)]
        while lines and not lines[-1]:
            lines.pop()
        return lines


class Monitor:
    """QEMU's monitor, QMP."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")
        self.file.readline()                    # the greeting
        self.call("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def call(self, command, **arguments):
        """Return when it is done."""
        json.dump({"execute": command, "arguments": arguments}, self.file)
        self.file.flush()
        for line in self.file:
            answer = json.loads(line)
            if "error" in answer:
                raise OSError(answer["error"]["desc"])
            if "return" in answer:
                return
        raise EOFError("QEMU has gone")
