"""Where the steps of docs/contract.md are in the kernel: the places that ask
whether somebody listens (lib/static_key.h), and what each would tell."""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from pathlib import Path

from tools import image

_INSTRUCTION = re.compile(r"\s+([0-9a-f]+):\t(.*)")
_CONSTANT = re.compile(r"mov\s+\$0x([0-9a-f]+),%edi$")
_REACH = 25             # instructions from the jump to the call
ANY_N = "N"             # told with a number from a table (mm/change.h)


def contract_steps() -> list[str]:
    """The contract's names, in the order of enum step."""
    text = (image.ROOT / "lib" / "step.h").read_text()
    listed = re.search(r"#define CONTRACT_STEPS\(X\)(.*?)\n\n", text, re.S)
    assert listed
    return re.findall(r"X\((\w+)\)", listed[1])


def _sites(elf: Path) -> list[tuple[int, int]]:
    """Each place's own address, and the one it jumps to."""
    with tempfile.TemporaryDirectory() as name:
        section = Path(name) / "keys"
        subprocess.run(["objcopy", "--dump-section", f"static_keys={section}",
                        elf, Path(name) / "elf"], check=True)
        return [(code, target) for code, target, _ in
                struct.iter_unpack("<III", section.read_bytes())]


def _told(instructions: list[str], names: list[str]) -> str | None:
    """What is told there: step_tell()'s first argument. None: nothing."""
    told: str | None = None
    for text in instructions:
        constant = _CONSTANT.match(text)
        if constant:
            number = int(constant[1], 16)
            told = names[number] if number < len(names) else None
        elif re.match(r"xor\s+%edi,%edi", text):
            told = names[0]
        elif text.endswith(",%edi"):
            told = ANY_N
        elif "<step_tell" in text or "<step.part" in text:
            return told
        elif re.match("jmp|ret", text):
            break
    return None


def step_sites(elf: Path) -> dict[int, str]:
    """The contract's steps by address. ANY_N: one of N1 to N5."""
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", elf],
                          capture_output=True, text=True, check=True).stdout
    found = [(int(m[1], 16), m[2]) for m in
             map(_INSTRUCTION.match, code.splitlines()) if m]
    place = {address: i for i, (address, _) in enumerate(found)}
    names = contract_steps()
    sites = {}
    for address, target in _sites(elf):
        start = place[target]
        told = _told([text for _, text in found[start:start + _REACH]], names)
        if told:
            sites[address] = told
    return sites
