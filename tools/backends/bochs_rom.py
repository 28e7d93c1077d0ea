#!/usr/bin/python3
"""Write a memory size and a command line into the ROM that boots Tandem on
Bochs. The offsets are documented in boot/rom.S."""

import struct
import sys

ROM_SIZE = 0x10000
MEM_UPPER_OFFSET = 0x008
MAP_LENGTH_OFFSET = 0x124
COMMAND_LINE_OFFSET = 0x800
COMMAND_LINE_SIZE = 0x800

# Below it no memory that the machine has is hidden by devices.
MIN_MEMORY_MIB = 8
MAX_MEMORY_MIB = 3072


def make_rom(template: bytes, command_line: str, memory_mib: int) -> bytes:
    """A copy of @template for a machine with @memory_mib MiB that boots with
    @command_line. ValueError says what does not fit."""
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
