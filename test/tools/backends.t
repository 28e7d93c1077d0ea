#!/usr/bin/python3
"""Which backend a host can run, over made-up hosts."""

import os
import re
from pathlib import Path

import support
from tools.backends import bochs
from tools.backends.backend import Boot, memory_for
from tools.backends.choice import all_backends, choose
from tools.backends.bochs import BochsSvm, BochsVmx
from tools.host import Host
from tools.backends.qemu import QemuSvm, QemuSvmKvm, QemuVmx

CPUINFO = "processor : 0\nflags\t\t: fpu vme {} sse\n"


class Hosts(support.FrontEndTest):

    def host(self, flag="vmx", nested="Y", kvm=True, programs=()):
        """A made-up host in a directory of its own."""
        root = self.directory / f"host{len(os.listdir(self.directory))}"
        for name, text in (
                ("proc/cpuinfo", CPUINFO.format(flag)),
                (QemuVmx().nested.lstrip("/"), nested + "\n"),
                (QemuSvmKvm().nested.lstrip("/"), nested + "\n"),
                ("dev/kvm", "" if kvm else None)):
            if text is not None:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
        for name in programs:
            program = root / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)
        return Host(str(root), path=str(root / "bin"))

    BOTH = ("bochs-bin", "qemu-system-x86_64")

    def chosen(self, host, name="auto"):
        backend, reason = choose(all_backends(host), name)
        return backend and backend.name, reason

    def test_order(self):
        """nesting first, where it works; then Bochs, then QEMU alone"""
        for flag, programs, expected in (
                ("vmx", self.BOTH, "qemu-vmx"),
                ("svm", self.BOTH, "qemu-svm-kvm"),
                ("sse2", self.BOTH, "bochs-vmx"),
                ("vmx", ("bochs-bin",), "bochs-vmx"),
                ("sse2", ("qemu-system-x86_64",), "qemu-svm")):
            host = self.host(flag, programs=programs)
            self.assertEqual(self.chosen(host)[0], expected)

    def test_fallback(self):
        """without one of its needs it falls back to Bochs, and says why"""
        for lacking, why in (({"flag": "sse2"}, "no VMX"),
                             ({"flag": "sse2"}, "no SVM"),
                             ({"nested": "N"}, "kvm_intel has nested=N"),
                             ({"flag": "svm", "nested": "0"},
                              "kvm_amd has nested=N"),
                             ({"kvm": False}, "no /dev/kvm")):
            name, reason = self.chosen(self.host(programs=self.BOTH,
                                                 **lacking))
            self.assertEqual(name, "bochs-vmx")
            self.assertIn(why, reason)
            self.assertEqual(len(reason.splitlines()), 1)
        name, reason = self.chosen(self.host(programs=("bochs-bin",)))
        self.assertEqual(name, "bochs-vmx")
        self.assertIn("qemu-system-x86_64 is not installed", reason)

    def test_by_name(self):
        """a backend that was asked for is not replaced by another"""
        host = self.host("sse2", programs=self.BOTH)
        self.assertEqual(self.chosen(host, "bochs-svm")[0], "bochs-svm")
        self.assertEqual(self.chosen(host, "qemu-svm")[0], "qemu-svm")
        name, reason = self.chosen(host, "qemu-vmx")
        self.assertIsNone(name)
        self.assertIn("no VMX", reason)
        self.assertNotIn("bochs", reason)

    def test_nothing(self):
        """a host with nothing is told what would help"""
        name, reason = self.chosen(self.host("sse2"))
        self.assertIsNone(name)
        self.assertIn("apt-get install bochs", reason)
        self.assertIn("apt-get install qemu-system-x86", reason)

    def test_list(self):
        """list backends tells why not"""
        host = self.host("svm", nested="0", programs=("bochs-bin",))
        self.assertEqual(self.tandem("list", "backends",
                                     backends=all_backends(host)), 0)
        lines = {line.split()[0]: line for line in self.out.splitlines()}
        self.assertEqual(list(lines)[:5],
                         ["qemu-vmx", "qemu-svm-kvm", "bochs-vmx", "qemu-svm",
                          "bochs-svm"])
        self.assertIn("no: the processor offers no VMX; needs: an Intel host",
                      lines["qemu-vmx"])
        self.assertIn("needs: modprobe -r kvm_amd; modprobe kvm_amd nested=1",
                      lines["qemu-svm-kvm"])
        self.assertIn("needs: apt-get install qemu-system-x86",
                      lines["qemu-svm"])
        for name in ("bochs-vmx", "bochs-svm"):
            self.assertTrue(lines[name].endswith("runs here: yes"))


class Commands(support.FrontEndTest):

    def launch(self, backend, **settings):
        boot = Boot(Path("/k.bin"), {"a": "1", "b": "2"}, 3, 96, **settings)
        return backend.launch(boot, self.directory)

    def settings(self, launch):
        """What Bochs is told in its file."""
        name = launch.argv[launch.argv.index("-f") + 1]
        return (self.directory / name).read_text()

    def test_qemu(self):
        """QEMU's command: accelerator, CPU, exit device, console, image"""
        for backend, parts in (
                (QemuVmx(), ("-accel kvm", "-cpu host,+vmx")),
                (QemuSvmKvm(), ("-accel kvm", "-cpu host,+svm")),
                (QemuSvm(), ("-accel tcg,thread=multi", "-cpu max"))):
            launch = self.launch(backend)
            command = " ".join(launch.argv)
            for part in (*parts, "-smp 3", "-m 96", "-kernel ./kernel",
                         "isa-debug-exit,iobase=0xf4",
                         "-debugcon file:console.txt"):
                self.assertIn(part, command)
            self.assertEqual(launch.argv[launch.argv.index("-append") + 1],
                             "a=1 b=2")
            self.assertNotIn("-S", launch.argv)
            self.assertEqual(launch.console, self.directory / "console.txt")
            self.assertEqual(os.readlink(self.directory / "kernel"), "/k.bin")

    def test_bochs(self):
        """Bochs' settings: processor, memory, ROM, image"""
        (self.directory / "bochs.rom").write_bytes(bytes(0x10000))
        for backend, model in ((BochsVmx(), "corei7_skylake_x"),
                               (BochsSvm(), "ryzen")):
            boot = Boot(self.directory / "k.bin", {"a": "1"}, 16, 3072)
            launch = backend.launch(boot, self.directory)
            text = self.settings(launch)
            self.assertIn(f"cpu: model={model}, count=16, ", text)
            self.assertIn("memory: guest=3072, host=2048", text)
            self.assertIn("optramimage1: file=./kernel, ", text)
            self.assertNotIn(str(self.directory), text)
            self.assertIsNone(launch.console)
            self.assertTrue(launch.alone)       # it listens for VNC
            self.assertTrue(backend.is_chatter("00000000000i[PLUGIN] x"))
            self.assertFalse(backend.is_chatter("00000000000p[MEM0  ] x"))

    def test_bochs_vga_rom(self):
        """Bochs is given a VGA ROM, which it would look for elsewhere"""
        (self.directory / "bochs.rom").write_bytes(bytes(0x10000))
        boot = Boot(self.directory / "k.bin", {}, 1, 64)
        launch = BochsVmx().launch(boot, self.directory)
        found = re.search("^vgaromimage: file=(.*)$", self.settings(launch),
                          re.M)
        rom = (self.directory / found[1]).read_bytes()
        self.assertEqual((rom[:2], rom[2] * 512, sum(rom) % 256),
                         (b"\x55\xaa", len(rom), 0))

    def test_bochs_debugger(self):
        """a Bochs whose debugger is an option is told to start it"""
        program = self.directory / "bochs-bin"
        with support.unittest.mock.patch.dict(os.environ,
                                              PATH=str(self.directory)):
            for said, there in (("  -debugger        start it", True),
                                ("  -dbglog filename specify", False)):
                program.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
                program.chmod(0o755)
                argv = bochs.command(self.directory, "ryzen", 1, 64, "")
                self.assertEqual("-debugger" in argv, there)
            program.unlink()
            argv = bochs.command(self.directory, "ryzen", 1, 64, "")
            self.assertNotIn("-debugger", argv)

    def test_gdb(self):
        """--gdb stops QEMU at the first instruction; others refuse it"""
        for backend in (QemuVmx(), QemuSvm()):
            launch = self.launch(backend, gdb=True)
            self.assertIn("-S", launch.argv)
            self.assertIn(f"tcp:{backend.gdb_address}", launch.argv)
        self.assertEqual(self.tandem("run", "--policy", "bracket",
                                     "--workload", "merge", "--gdb",
                                     "--backend", "scripted"), 2)
        self.assertIn("QEMU backends", self.err)

    def test_memory(self):
        """memory grows with pages and has bounds"""
        self.assertEqual(memory_for(1, 1), 64)
        self.assertGreaterEqual(memory_for(65536, 2), 65536 * 12 // 1024 + 32)
        self.assertEqual(memory_for(262144, 8), 3072)

    def test_machine(self):
        """what kind of machine each is"""
        self.assertEqual({b.name: (b.machine, b.tick_unit)
                          for b in all_backends() if b.automatic},
                         {"qemu-vmx": ("nested", "tsc"),
                          "qemu-svm-kvm": ("nested", "tsc"),
                          "bochs-vmx": ("emulated", "instruction"),
                          "qemu-svm": ("emulated", "tsc"),
                          "bochs-svm": ("emulated", "instruction")})


if __name__ == "__main__":
    support.main()
