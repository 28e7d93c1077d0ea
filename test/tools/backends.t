#!/usr/bin/python3
"""Which backend a host can run, over made-up hosts."""

import os
from pathlib import Path

import support
from tools.backends import BochsVmx, QemuVmx, all_backends, choose, memory_for
from tools.host import Host

CPUINFO = "processor : 0\nflags\t\t: fpu vme {} sse\n"


class Hosts(support.FrontEndTest):

    def host(self, vmx=True, nested="Y", kvm=True, programs=()):
        """A made-up host in a directory of its own."""
        root = self.directory / f"host{len(os.listdir(self.directory))}"
        for name, text in (
                ("proc/cpuinfo", CPUINFO.format("vmx" if vmx else "svm")),
                (QemuVmx.nested.lstrip("/"), nested + "\n"),
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
        """nested VMX first, where it works"""
        self.assertEqual(self.chosen(self.host(programs=self.BOTH))[0],
                         "qemu-vmx")

    def test_fallback(self):
        """without one of its needs it falls back to Bochs, and says why"""
        for lacking, why in (({"vmx": False}, "no VMX"),
                             ({"nested": "N"}, "nested=N"),
                             ({"kvm": False}, "no /dev/kvm")):
            name, reason = self.chosen(self.host(programs=self.BOTH,
                                                 **lacking))
            self.assertEqual(name, "bochs-vmx")
            self.assertIn(why, reason)
        name, reason = self.chosen(self.host(programs=("bochs-bin",)))
        self.assertEqual(name, "bochs-vmx")
        self.assertIn("qemu-system-x86_64 is not installed", reason)

    def test_by_name(self):
        """a backend that was asked for is not replaced by another"""
        host = self.host(vmx=False, programs=self.BOTH)
        self.assertEqual(self.chosen(host, "bochs-vmx")[0], "bochs-vmx")
        name, reason = self.chosen(host, "qemu-vmx")
        self.assertIsNone(name)
        self.assertIn("no VMX", reason)
        self.assertNotIn("bochs", reason)

    def test_nothing(self):
        """a host with nothing is told what would help"""
        name, reason = self.chosen(self.host(vmx=False))
        self.assertIsNone(name)
        self.assertIn("apt-get install bochs", reason)

    def test_list(self):
        """list backends tells why not"""
        host = self.host(vmx=False, programs=("bochs-bin",))
        self.assertEqual(self.tandem("list", "backends",
                                     backends=all_backends(host)), 0)
        lines = self.out.splitlines()
        self.assertEqual([line.split()[0] for line in lines],
                         ["qemu-vmx", "bochs-vmx"])
        self.assertIn("no: the processor offers no VMX; needs: ", lines[0])
        self.assertTrue(lines[1].endswith("runs here: yes"))


class Commands(support.FrontEndTest):

    def test_qemu(self):
        """QEMU's command: KVM, nested VMX, exit device, console, image"""
        boot = support.Boot(Path("/k.elf"), {"a": "1", "b": "2"}, 3, 96)
        launch = QemuVmx().launch(boot, self.directory)
        command = " ".join(launch.argv)
        for part in ("accel=kvm", "-cpu host,+vmx", "-smp 3", "-m 96",
                     "isa-debug-exit,iobase=0xf4", "-kernel /k.elf",
                     f"-debugcon file:{launch.console}"):
            self.assertIn(part, command)
        self.assertEqual(launch.argv[launch.argv.index("-append") + 1],
                         "a=1 b=2")
        self.assertNotIn("-S", launch.argv)

    def test_gdb(self):
        """--gdb stops QEMU at the first instruction; others refuse it"""
        boot = support.Boot(Path("/k.bin"), {}, 1, 64, gdb=True)
        launch = QemuVmx().launch(boot, self.directory)
        self.assertIn("-S", launch.argv)
        self.assertIn(f"tcp:{QemuVmx.gdb_address}", launch.argv)
        self.assertEqual(self.tandem("run", "--policy", "bracket",
                                     "--workload", "merge", "--gdb"), 2)
        self.assertIn("QEMU backends", self.err)

    def test_memory(self):
        """memory grows with pages and has bounds"""
        self.assertEqual(memory_for(1, 1), 64)
        self.assertGreaterEqual(memory_for(65536, 2), 65536 * 12 // 1024 + 32)
        self.assertEqual(memory_for(262144, 8), 3072)
        self.assertEqual(BochsVmx.machine, "emulated")
        self.assertEqual(QemuVmx.machine, "nested")


if __name__ == "__main__":
    support.main()
