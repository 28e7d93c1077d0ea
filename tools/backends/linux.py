"""The Linux between an emulator and a real QEMU with KVM: Debian's own kernel
and tools, unmodified, in an initial file system made here. It is made once,
kept in a directory, and depends on nothing but the packages."""

from __future__ import annotations

import fcntl
import hashlib
import lzma
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

from tools.backends.archive import cpio
from tools.command import run
from tools.errors import STATUS_NO_BACKEND, Stop

# A small kernel for virtual machines; it depends on the newest one.
KERNEL_PACKAGE = "linux-image-cloud-amd64"
SHELL_PACKAGE = "busybox-static"
MODULES = ("kvm", "kvm-intel", "kvm-amd")
# What these need, in kernels that have it, and not built in.
HELPERS = ("irqbypass", "ccp")
FIRMWARE = ("bios-256k.bin", "kvmvapic.bin", "multiboot.bin",
            "multiboot_dma.bin")
FIRMWARE_HOMES = (Path("/usr/share/seabios"), Path("/usr/share/qemu"))
DIRECTORIES = ("bin", "dev", "firmware", "lib", "lib64", "modules", "proc",
               "sys")
INIT = Path(__file__).with_name("nested_init.sh")
# Programs that make it, beside apt-get, and the packages that have them.
TOOLS = {"dpkg-deb": "dpkg", "zstd": "zstd", "objcopy": "binutils",
         "ldd": "libc-bin"}

# The kernel's console is the line on which the machine inside speaks, so it
# says nothing below an alert. The others save an emulator's time.
ARGUMENTS = "console=ttyS0,115200 loglevel=2 panic=-1 nokaslr nowatchdog " \
    "mitigations=off init_on_alloc=0 initcall_blacklist=trace_eval_init"


@dataclass(frozen=True)
class Linux:
    """What an emulator boots."""

    kernel: Path
    base: Path                  # the part of the initrd that stays the same

    def initrd(self, kernel: Path, command: str,
               others: dict[str, bytes] | None = None) -> bytes:
        """The whole initrd: @command runs the machine inside, where @kernel
        is called /kernel, and @others are by their paths."""
        files = {"kernel": kernel.read_bytes(),
                 "machine": f"exec {command}\n".encode(), **(others or {})}
        folders = dict.fromkeys(str(Path(name).parent)
                                for name in others or {})
        return cpio(files, tuple(folders)) + self.base.read_bytes()


def get_linux(directory: Path, qemu: str,
              say: Callable[[str], None] = lambda text: None) -> Linux:
    """The Linux kept in @directory, with the QEMU at path @qemu in it; made,
    and its packages downloaded, if it is not there. Stop if it cannot be."""
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(directory):
        packages = directory / "packages"
        if not packages.exists():
            say(f"downloading {KERNEL_PACKAGE} and {SHELL_PACKAGE}, 28 MB, "
                f"to {directory}")
            with _new(packages) as new:
                _download(new, directory)
        kernel = next(packages.glob("boot/vmlinuz-*"))
        base = directory / f"base-{_key(packages, qemu)}.zst"
        if not base.exists():
            say(f"making {base}")
            for old in directory.glob("base-*.zst"):
                old.unlink()
            with _new(base) as new:
                _make_base(new, packages, qemu)
    return Linux(kernel, base)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Nobody else makes things in @directory meanwhile."""
    with open(directory / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _new(path: Path) -> Iterator[Path]:
    """A place beside @path that becomes @path if all goes well."""
    with tempfile.TemporaryDirectory(prefix="new-", dir=path.parent) as name:
        new = Path(name) / path.name
        yield new
        new.rename(path)


def _download(target: Path, directory: Path) -> None:
    """Unpack the packages into @target. The host's package lists may be old
    or missing, and only root may renew them: then we use lists of our own."""
    own = directory / "apt"
    options = ["-o", f"Dir::State::Lists={own / 'lists'}",
               "-o", f"Dir::Cache={own}", "-o", "Acquire::http::Timeout=30"]
    with tempfile.TemporaryDirectory(prefix="new-", dir=directory) as name:
        try:
            _fetch([], Path(name))
        except Stop:
            try:
                (own / "lists" / "partial").mkdir(parents=True, exist_ok=True)
                run(["apt-get", *options, "update"], directory)
                _fetch(options, Path(name))
            except Stop as stop:
                raise Stop(STATUS_NO_BACKEND, "cannot download Debian's "
                           f"packages {KERNEL_PACKAGE} and {SHELL_PACKAGE}: "
                           f"{stop.text}") from None
        for package in sorted(Path(name).glob("*.deb")):
            run(["dpkg-deb", "-x", package, target], directory)


def _fetch(options: list[str], directory: Path) -> None:
    """Download the packages to @directory."""
    answer = run(["apt-cache", *options, "depends", "--important",
                   KERNEL_PACKAGE], directory)
    found = re.search(r"Depends: (linux-image-\S+)", answer)
    if not found:
        raise Stop(STATUS_NO_BACKEND, f"no package {KERNEL_PACKAGE}")
    run(["apt-get", *options, "download", found[1], SHELL_PACKAGE],
         directory)


def _key(packages: Path, qemu: str) -> str:
    """Changes with whatever goes into the base."""
    stat = Path(qemu).stat()
    what = [path.name for path in sorted(packages.glob("boot/*"))]
    what += [INIT.read_text(), Path(__file__).read_text(), qemu,
             str(stat.st_size), str(stat.st_mtime_ns)]
    return hashlib.sha256("\0".join(what).encode()).hexdigest()[:12]


def _make_base(target: Path, packages: Path, qemu: str) -> None:
    """Write the compressed archive of all that stays the same."""
    files = {"init": INIT.read_bytes(),
             "bin/busybox": _busybox(packages).read_bytes(),
             "bin/qemu": Path(qemu).read_bytes()}
    for line in run(["ldd", qemu], target.parent).splitlines():
        found = re.search(r"(/\S+) \(0x", line)
        if found:
            path = Path(found[1])
            home = "lib64" if path.name.startswith("ld-linux") else "lib"
            files[f"{home}/{path.name}"] = path.read_bytes()
    for name in FIRMWARE:
        path = next((home / name for home in FIRMWARE_HOMES
                     if (home / name).exists()), None)
        if path:
            files[f"firmware/{name}"] = path.read_bytes()
    for name in HELPERS + MODULES:
        files[f"modules/{name}.ko"] = _module(packages, name, target.parent)
    plain = target.with_suffix("")
    plain.write_bytes(cpio(files, DIRECTORIES))
    run(["zstd", "-q", "-9", "-T1", plain, "-o", target], target.parent)


def _busybox(packages: Path) -> Path:
    """The shell: in /bin, or where /bin is a link to /usr/bin there."""
    return next(path for path in (packages / "bin" / "busybox",
                                  packages / "usr" / "bin" / "busybox")
                if path.exists())


def _module(packages: Path, name: str, directory: Path) -> bytes:
    """The module called @name, which is in /lib, or where /lib is a link to
    /usr/lib there. Empty: a helper that is none of this kernel's modules."""
    path = next(packages.glob(f"**/lib/modules/**/{name}.ko*"), None)
    if not path and name in HELPERS:
        return b""
    if not path:
        raise Stop(STATUS_NO_BACKEND,
                   f"package {KERNEL_PACKAGE}: no module {name}")
    data = path.read_bytes()
    if path.suffix == ".xz":
        data = lzma.decompress(data)
    # Type information: reading it costs an emulator seconds.
    module = directory / "module.ko"
    module.write_bytes(data)
    run(["objcopy", "-g", "--remove-section=.BTF", module], directory)
    return module.read_bytes()
