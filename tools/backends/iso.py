"""A CD image that boots a Linux by GRUB, the same bytes for the same Linux:
grub-mkrescue would put the time of day into it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools.command import run

GRUB = Path("/usr/lib/grub/i386-pc")
TIME = 946681200            # as Bochs' clock: time0
MENU = """\
set timeout=0
terminal_output console
menuentry linux {{
	linux /boot/vmlinuz {arguments}
	initrd /boot/initrd
}}
"""


def make_iso(image: Path, kernel: Path, initrd: Path, arguments: str) -> None:
    """Write @image; @initrd is moved into it."""
    root = image.with_suffix(".root")
    grub = root / "boot" / "grub"
    grub.mkdir(parents=True)
    shutil.copyfile(kernel, root / "boot" / "vmlinuz")
    initrd.rename(root / "boot" / "initrd")
    (grub / "grub.cfg").write_text(MENU.format(arguments=arguments))
    core = grub / "core.img"
    run(["grub-mkimage", "-O", "i386-pc", "-p", "/boot/grub", "-o", core,
         "biosdisk", "iso9660", "normal", "linux"], image.parent)
    (grub / "eltorito.img").write_bytes(
        (GRUB / "cdboot.img").read_bytes() + core.read_bytes())
    for path in [root, *root.rglob("*")]:
        os.utime(path, (TIME, TIME))
    run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", image,
         "-b", "boot/grub/eltorito.img", "-no-emul-boot",
         "-boot-load-size", "4", "-boot-info-table", root], image.parent,
        SOURCE_DATE_EPOCH=str(TIME))
    shutil.rmtree(root)
