#!/usr/bin/python3
"""The first and only process of a user-mode Linux: loads vfat, mounts the disks and runs the story.

The kernel's command line names them: okibi_story, okibi_program, okibi_result, okibi_mnt (an empty folder). The disks are ubda
to ubdd.
"""

import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
FINIT_MODULE = 313  # x86-64
POWER_OFF = 0x4321FEDC


def argument(name):
    words = open("/proc/cmdline").read().split()
    found = [word.split("=", 1)[1] for word in words if word.startswith(name + "=")]
    return found[0]


subprocess.run(["mount", "-t", "proc", "proc", "/proc"])
result = open(argument("okibi_result"), "w")
try:
    folder = f"/usr/lib/uml/modules/{os.uname().release}/kernel/fs"
    for module in ["fat/fat", "fat/vfat", "nls/nls_cp437", "nls/nls_iso8859-1", "nls/nls_ascii", "nls/nls_utf8"]:
        with open(f"{folder}/{module}.ko", "rb") as file:
            libc.syscall(FINIT_MODULE, file.fileno(), b"", 0)
    mnt = argument("okibi_mnt")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=90%", "tmpfs", mnt], check=True)
    places = []
    for disk, name in [("ubda", "MY - STICK"), ("ubdb", "one -"), ("ubdc", "-two"), ("ubdd", "t h r e e")]:
        place = f"{mnt}/{name}"
        os.mkdir(place)
        subprocess.run(["mount", "-t", "vfat", "-o", "iocharset=utf8", f"/dev/{disk}", place], check=True)
        places.append(place)
    work = f"{mnt}/work"
    os.mkdir(work)
    big = argument("okibi_big")
    if big:
        # Homes with a model beyond 4 GiB do not fit into memory.
        subprocess.run(["mount", "-t", "ext4", "/dev/ubde", work], check=True)
    with open(f"{work}/remount", "w") as file:
        file.write(f'#!/bin/sh\nexec mount -o "remount,$1" "{places[0]}"\n')
    os.chmod(f"{work}/remount", 0o755)
    os.environ["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    story = ["/bin/sh", argument("okibi_story"), argument("okibi_program"), work, *places, "yes", "5G", big]
    subprocess.run(story, stdout=result, stderr=subprocess.STDOUT)
finally:
    result.flush()
    os.fsync(result.fileno())
    result.close()
    libc.reboot(POWER_OFF)
