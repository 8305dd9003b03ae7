"""A disk whose power can be cut: it remembers what of each file was synced, and nothing else.

It stands between SQLite and the operating system (an SQLite VFS), so it sees SQLite's own syncs, at
checkpoints, too. A power cut here is the worst that there can be: of what was written since the
last sync of a file, nothing is left.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

SYSTEM = "unix"  # SQLite's own VFS, below ours


class RecordedDisk(apsw.VFS):
    """Every database that this process opens while it is in use is on it."""

    def __init__(self) -> None:
        super().__init__("recorded", SYSTEM, makedefault=True)
        self._synced: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self.fails_to_write_databases = False

    def xOpen(  # noqa: N802  # SQLite's name
        self, name: "str | apsw.URIFilename | None", flags: list[int]
    ) -> "_RecordedFile":
        return _RecordedFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001  # SQLite's
        super().xDelete(filename, syncdir)
        with self._lock:
            self._synced.pop(filename, None)

    def sync(self, path: str, content: bytes) -> None:
        """Remembers what the file holds on the disk from now on."""
        with self._lock:
            self._synced[path] = content

    def fdatasync(self, file: int) -> None:
        """Stands in for `os.fdatasync`, of a log that SQLite opened before."""
        content = os.pread(file, os.fstat(file).st_size, 0)
        os.fdatasync(file)
        self.sync(str(Path(f"/proc/self/fd/{file}").readlink()), content)

    def cut_power(self, database: Path, copy: Path) -> None:
        """Writes to `copy` what would be found after a power cut at this moment."""
        with self._lock:
            synced = dict(self._synced)
        for suffix in ("", "-wal"):
            if (content := synced.get(f"{database}{suffix}")) is not None:
                copy.with_name(copy.name + suffix).write_bytes(content)


class _RecordedFile(apsw.VFSFile):
    def __init__(
        self, disk: RecordedDisk, name: "str | apsw.URIFilename | None", flags: list[int]
    ) -> None:
        super().__init__(SYSTEM, name, flags)
        self._disk = disk
        self._is_database = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name

    def xSync(self, flags: int) -> None:  # noqa: N802  # SQLite's name
        size = self.xFileSize()
        content = self.xRead(size, 0) if size else b""
        super().xSync(flags)
        if self._name is not None:
            self._disk.sync(self._name, content)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802  # SQLite's name
        if self._is_database and self._disk.fails_to_write_databases:
            raise apsw.IOError("the disk is broken")
        super().xWrite(data, offset)


@contextmanager
def recorded_disk() -> Iterator[RecordedDisk]:
    """A disk for the databases that are opened and closed inside."""
    disk = RecordedDisk()
    try:
        yield disk
    finally:
        disk.unregister()
