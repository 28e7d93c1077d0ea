#!/usr/bin/python3
"""Write a memory size and a command line into the ROM that boots Tandem on
Bochs. The offsets are documented in boot/rom.S."""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass

ROM_SIZE = 0x10000
FLAGS_OFFSET = 0x000
MEM_UPPER_OFFSET = 0x008
MODULES_OFFSET = 0x014
LOADED_END_OFFSET = 0x0f0
MAP_LENGTH_OFFSET = 0x124
MODULE_LIST_OFFSET = 0x200
MODULE_NAMES_OFFSET = 0x300
COMMAND_LINE_OFFSET = 0x800
COMMAND_LINE_SIZE = 0x800
MODULE_NAME_SIZE = 64
MAX_MODULES = 16
FLAG_MODULES = 1 << 3
ROM_BASE = 0xf0000

# Of the multiboot header that begins the kernel (boot/entry.S).
KERNEL_BASE = 0x100000
HEADER_BSS_END_OFFSET = 24
PAGE_SIZE = 4096

# Below it no memory that the machine has is hidden by devices.
MIN_MEMORY_MIB = 8
MAX_MEMORY_MIB = 3072


@dataclass(frozen=True)
class Module:
    """A file in the machine's memory."""

    name: str
    start: int
    size: int


def add_modules(image: bytes, files: dict[str, bytes]
                ) -> tuple[bytes, list[Module]]:
    """@image, and behind the kernel's bss @files, each from a page on; and
    where they are, once all of it lies at 1 MiB. It is one image because a
    second one would be put into memory that the first one has spilt into."""
    bss_end, = struct.unpack_from("<I", image, HEADER_BSS_END_OFFSET)
    loaded = bytearray(image).ljust(bss_end - KERNEL_BASE, b"\0")
    modules = []
    for name, content in files.items():
        loaded += bytes(-len(loaded) % PAGE_SIZE)
        modules.append(Module(name, KERNEL_BASE + len(loaded), len(content)))
        loaded += content
    return bytes(loaded), modules


def _put_modules(rom: bytearray, modules: list[Module],
                 memory_mib: int) -> None:
    """Write the list, what leads there, and the end of all of them."""
    if len(modules) > MAX_MODULES:
        raise ValueError(f"{len(modules)} modules, at most {MAX_MODULES} fit")
    flags, = struct.unpack_from("<I", rom, FLAGS_OFFSET)
    struct.pack_into("<I", rom, FLAGS_OFFSET, flags | FLAG_MODULES)
    struct.pack_into("<II", rom, MODULES_OFFSET, len(modules),
                     ROM_BASE + MODULE_LIST_OFFSET)
    for i, module in enumerate(modules):
        name = module.name.encode("ascii")
        end = module.start + module.size
        if len(name) >= MODULE_NAME_SIZE or end > memory_mib << 20:
            raise ValueError(f"module {module.name} does not fit")
        at = MODULE_NAMES_OFFSET + i * MODULE_NAME_SIZE
        rom[at:at + MODULE_NAME_SIZE] = name.ljust(MODULE_NAME_SIZE, b"\0")
        struct.pack_into("<IIII", rom, MODULE_LIST_OFFSET + 16 * i,
                         module.start, end, ROM_BASE + at, 0)
        struct.pack_into("<I", rom, LOADED_END_OFFSET, end)


def make_rom(template: bytes, command_line: str, memory_mib: int,
             modules: list[Module] | None = None) -> bytes:
    """A copy of @template for a machine with @memory_mib MiB that boots with
    @command_line and @modules. ValueError says what does not fit."""
    if len(template) != ROM_SIZE:
        raise ValueError(f"a ROM has {ROM_SIZE} bytes, this one "
                         f"{len(template)}")
    if not MIN_MEMORY_MIB <= memory_mib <= MAX_MEMORY_MIB:
        raise ValueError(f"memory must be {MIN_MEMORY_MIB} to "
                         f"{MAX_MEMORY_MIB} MiB, not {memory_mib}")
    try:
        line = command_line.encode("ascii")
    except UnicodeEncodeError:
        raise ValueError("the command line must be ASCII") from None
    if b"\0" in line:
        raise ValueError("the command line contains a zero byte")
    if len(line) >= COMMAND_LINE_SIZE:
        raise ValueError(f"the command line has {len(line)} bytes, at most "
                         f"{COMMAND_LINE_SIZE - 1} fit")

    upper_kib = (memory_mib - 1) * 1024
    rom = bytearray(template)
    struct.pack_into("<I", rom, MEM_UPPER_OFFSET, upper_kib)
    struct.pack_into("<Q", rom, MAP_LENGTH_OFFSET, upper_kib * 1024)
    rom[COMMAND_LINE_OFFSET:COMMAND_LINE_OFFSET + COMMAND_LINE_SIZE] = \
        line.ljust(COMMAND_LINE_SIZE, b"\0")
    if modules:
        _put_modules(rom, modules, memory_mib)
    return bytes(rom)


def make_vga_rom() -> bytes:
    """The smallest ROM that is one: nobody calls it. Bochs does not start
    without a VGA BIOS, and looks for it elsewhere in each version."""
    rom = bytearray(512)
    rom[:4] = 0x55, 0xaa, len(rom) // 512, 0xcb     # retf
    rom[-1] = -sum(rom) & 0xff                      # all bytes add up to 0
    return bytes(rom)


def main(arguments: list) -> int:
    if len(arguments) < 3:
        print("usage: bochs_rom.py TEMPLATE OUTPUT MEMORY_MIB [WORD...]",
              file=sys.stderr)
        return 2
    template, output, memory, *words = arguments
    try:
        with open(template, "rb") as file:
            rom = make_rom(file.read(), " ".join(words), int(memory))
        with open(output, "wb") as file:
            file.write(rom)
    except (OSError, ValueError) as error:
        print(f"bochs_rom.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
