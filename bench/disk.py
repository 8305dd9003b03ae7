"""The disk: how often it takes a small append for good, and whether it is a disk at all."""

import os
import time
from pathlib import Path

import psutil

APPEND = bytes(1024)

_IN_MEMORY = {"tmpfs", "ramfs"}


def syncs_per_second(directory: Path, seconds: float) -> float:
    """Appends of 1 KB, each with an fdatasync of its own, one after the other."""
    path = directory / "appends"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        count = 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            os.write(file, APPEND)
            os.fdatasync(file)
            count += 1
        return count / elapsed
    finally:
        os.close(file)
        path.unlink()


def file_system(directory: Path) -> str:
    """The type of the file system that holds the directory, such as ext4; "" when unknown."""
    mounted = {disk.mountpoint: disk.fstype for disk in psutil.disk_partitions(all=True)}
    path = directory.resolve()
    return next((mounted[str(p)] for p in (path, *path.parents) if str(p) in mounted), "")


def is_in_memory(directory: Path) -> bool:
    """Whether a sync there reaches no disk."""
    return file_system(directory) in _IN_MEMORY
