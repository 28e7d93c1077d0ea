#!/usr/bin/python3
"""E2 and X2 of docs/contract.md, section 4, in the kernel's own instructions:
on every path through the entry and the exit a full barrier stands between the
store of the mode and the load of the request. No emulator shows a missing one:
they do not let a load overtake a store."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402

SOURCE = "arch/x86/handshake.c"
OBJECT = f"kernel/{SOURCE}.o"

# Function, field that it stores, field that it may only load afterwards.
PAIRS = (
    ("handshake_enter", "struct cpu, mode", "struct vcpu_tlb, requested"),
    ("handshake_exit", "struct cpu, mode", "struct cpu, primary_requested"),
)

LINE = re.compile(r"^\s*([0-9a-f]+):\s+(.*\S)")
MEMORY = re.compile(r"(?<![:\w])(-?0x[0-9a-f]+|)\(%(\w+)[^)]*\)")


@dataclass(frozen=True)
class Instruction:
    text: str
    after: int | None       # the next one; None: control does not get there

    @property
    def target(self) -> int | None:
        """Where a jump goes; a call comes back."""
        match = re.match(r"j\w+\s+([0-9a-f]+)\b", self.text)
        return int(match[1], 16) if match else None

    def touches(self, offset: int) -> bool:
        """Is a field at @offset of something among its operands?"""
        return any(int(at or "0", 16) == offset
                   for at, base in MEMORY.findall(self.text)
                   if base not in ("rip", "rsp"))

    def stores(self, offset: int) -> bool:
        """A plain store there: AT&T syntax has the destination last."""
        operands = self.text.rsplit(",", 1)
        return self.text.startswith("mov") and len(operands) == 2 and \
            Instruction(operands[1], None).touches(offset)

    def is_barrier(self) -> bool:
        """SDM vol. 3, 8.2.2: loads and stores do not pass these."""
        return re.match(r"lock |mfence|xchg.*\(", self.text) is not None


def disassemble(binary: Path, function: str) -> dict[int, Instruction]:
    """The instructions of @function by address, the first one first. Where
    a step is told (lib/static_key.h) there is a nop."""
    out = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}",
         str(binary)], capture_output=True, text=True, check=True).stdout
    lines = [(int(match[1], 16), match[2]) for match in
             map(LINE.match, out.splitlines()) if match]
    following = [address for address, _ in lines[1:]] + [None]
    return {address: Instruction(
                text, None if re.match(r"(ret|jmp|ud2)", text) else after)
            for (address, text), after in zip(lines, following)}


def offset_of(field: str) -> int:
    """offsetof(@field), by the kernel's own compiler."""
    text = f"""
#include "arch/x86/handshake.h"
int main(void) {{ return __builtin_offsetof({field}); }}
"""
    asm = subprocess.run(
        ["gcc", "-O2", "-ffreestanding", "-fcf-protection=none", f"-I{ROOT}",
         "-xc", "-", "-S", "-o", "-"], input=text, capture_output=True,
        text=True, check=True).stdout
    match = re.search(r"movl\s+\$(\d+), %eax", asm)
    return int(match[1]) if match else 0


def faults(binary: Path, function: str, stored: str, loaded: str) -> list[str]:
    """What is wrong with @function: loads that no barrier precedes."""
    code = disassemble(binary, function)
    mode, request = offset_of(stored), offset_of(loaded)
    found, loads, seen = [], 0, set()
    # On the way: 0 nothing yet, 1 the mode is stored, 2 and a barrier came.
    paths = [(next(iter(code), None), 0)]
    while paths:
        address, state = paths.pop()
        if address not in code or (address, state) in seen:
            continue
        seen.add((address, state))
        instruction = code[address]
        if instruction.touches(request):
            loads += 1
            if state < 2:
                found.append(f"{function}: no barrier before "
                             f"{address:x}: {instruction.text}")
        if instruction.stores(mode):
            state = 1
        elif state == 1 and instruction.is_barrier():
            state = 2
        paths += [(instruction.after, state), (instruction.target, state)]
    if not loads:
        found.append(f"{function} does not load {loaded}")
    return found


class Barriers(support.unittest.TestCase):

    def compiled(self, change):
        """The object of a copy of the source that @change was applied to."""
        keep = support.tempfile.TemporaryDirectory()
        self.addCleanup(keep.cleanup)
        copy = Path(keep.name)
        for folder in ("arch", "lib"):
            shutil.copytree(ROOT / folder, copy / folder)
        shutil.copy(ROOT / "Makefile", copy)
        source = copy / SOURCE
        old = source.read_text()
        source.write_text(change(old))
        self.assertNotEqual(source.read_text(), old)
        # An object for the linker's own optimizer has no instructions yet.
        subprocess.run(["make", "-s", "-C", copy, "BUILD=b",
                        "LTO_FLAGS=-fno-lto", f"b/{OBJECT}"],
                       check=True, capture_output=True)
        return copy / "b" / OBJECT

    def test_kernel(self):
        """the kernel has both barriers"""
        binary = image.build().with_suffix(".elf")
        for pair in PAIRS:
            self.assertEqual(faults(binary, *pair), [])

    def without(self, comment, pair):
        """The barrier behind @comment is left out, and that is found."""
        binary = self.compiled(lambda text: re.sub(
            rf"(/\* {comment}\. .*\n)\tfull_barrier\(\);", r"\1", text))
        self.assertIn("no barrier before",
                      "".join(faults(binary, *PAIRS[pair])))
        self.assertEqual(faults(binary, *PAIRS[1 - pair]), [])

    def test_no_e2(self):
        """an entry without E2 is found"""
        self.without("E2", 0)

    def test_no_x2(self):
        """an exit without X2 is found"""
        self.without("X2", 1)

    def test_compiler_only(self):
        """a barrier for the compiler alone is found"""
        binary = self.compiled(lambda text: text.replace(
            "full_barrier()", "read_barrier()"))
        for pair in PAIRS:
            self.assertTrue(faults(binary, *pair))

    def test_late_store(self):
        """a mode that is stored behind the barrier is found"""
        binary = self.compiled(lambda text: text.replace(
            "\thandshake_e3(tlb);",
            "\tWRITE_ONCE(cpu->mode, CPU_INSIDE);\n"
            "\thandshake_e3(tlb);"))
        self.assertTrue(faults(binary, *PAIRS[0]))


if __name__ == "__main__":
    support.main()
