"""A power cut for SQLite: only what was synced to the disk is still there afterwards.

`keep_synced` puts a layer under every SQLite connection of its process (a VFS,
https://sqlite.org/vfs.html): whenever SQLite syncs a file, the file as it is then is copied into a
folder. `cut_power` puts those copies in the place of the files. Writes that were never synced are
lost, which is the worst that a disk may do.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import fcntl
import itertools
import os
import shutil
import signal
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_void_p
from pathlib import Path
from typing import Any

_OK, _IO_ERROR = 0, 10
_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)


class SyncsNotReachable(RuntimeError):
    """This interpreter's SQLite can't be given a VFS from outside."""


class _Methods(Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("version", c_int),
        ("until_truncate", c_void_p * 4),
        ("sync", c_void_p),
        ("others", c_void_p * 13),
    )


class _File(Structure):
    """`sqlite3_file`; what follows belongs to the VFS below."""

    _fields_ = (("methods", c_void_p),)


class _Vfs(Structure):
    """`sqlite3_vfs`, version 3."""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("longest_name", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("others", c_void_p * 15),
    )


class _Layer:
    """The process's VFS with another `xOpen`, which gives its files another `xSync`."""

    def __init__(self, folder: Path, cut_at: int) -> None:
        self._folder, self._cut_at, self._numbers = folder, cut_at, itertools.count(1)
        self._library = _library()
        self._below = self._library.sqlite3_vfs_find(None)
        self._open_below = _Open(self._below.contents.open)
        self._paths: dict[int, Path] = {}
        self._sync_below: dict[int, Any] = {}
        self._methods: dict[int, _Methods] = {}
        self._callbacks = (_Open(self._open), _Sync(self._sync))

    def register(self) -> None:
        # SQLite keeps pointers into all of this until the process ends.
        _registered.append(self)
        self._vfs = _Vfs.from_buffer_copy(self._below.contents)
        self._vfs.name = b"synced"
        self._vfs.open = _address(self._callbacks[0])
        if self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) != _OK:
            raise SyncsNotReachable("SQLite refuses another VFS")

    def _open(self, _vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        # The name goes on as the pointer it is: the VFS below keeps it, and reads around it.
        answer = self._open_below(ctypes.cast(self._below, c_void_p), name, file, flags, out)
        if answer == _OK and name:
            opened = _File.from_address(file)
            self._paths[file] = Path(os.fsdecode(ctypes.string_at(name)))
            opened.methods = ctypes.addressof(self._with_own_sync(opened.methods))
        return answer

    def _with_own_sync(self, below: int) -> _Methods:
        if below not in self._methods:
            own = _Methods.from_buffer_copy(_Methods.from_address(below))
            self._sync_below[ctypes.addressof(own)] = _Sync(own.sync)
            own.sync = _address(self._callbacks[1])
            self._methods[below] = own
        return self._methods[below]

    def _sync(self, file: int, flags: int) -> int:
        if next(self._numbers) == self._cut_at:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = self._sync_below[_File.from_address(file).methods](file, flags)
        try:
            if answer == _OK:
                _keep(self._paths[file], self._folder)
        except OSError:
            return _IO_ERROR
        return answer


_registered: list[_Layer] = []


def keep_synced(folder: Path, *, cut_at: int = 0) -> None:
    """From now on, every SQLite file that this process syncs is copied into `folder`.

    cut_at: the process kills itself instead of its sync of this number, counted from 1.

    Raises:
        SyncsNotReachable: the interpreter's SQLite has no symbols to get hold of.
    """
    _Layer(folder, cut_at).register()


def start_synced(database: Path, folder: Path) -> None:
    """Takes the file, which nobody has open, for synced as it is."""
    folder.mkdir(exist_ok=True)
    shutil.copyfile(database, folder / database.name)


def cut_power(database: Path, folder: Path) -> None:
    """Leaves of `database` only what was synced; no process may be on it any more."""
    # Written over and not replaced: after a power cut it is still the same file.
    shutil.copyfile(folder / database.name, database)
    for suffix in ("-wal", "-shm"):
        file = database.with_name(database.name + suffix)
        file.unlink(missing_ok=True)
        if (folder / file.name).exists():
            shutil.copyfile(folder / file.name, file)


def _keep(file: Path, folder: Path) -> None:
    # One at a time: a copy that began before another process's sync must not replace its copy.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        draft = folder / f"{file.name}.draft"
        shutil.copyfile(file, draft)
        draft.replace(folder / file.name)


def _address(callback: Any) -> int | None:
    return ctypes.cast(callback, c_void_p).value


def _library() -> Any:
    # Looks into the libraries that the module is linked with, too.
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    try:
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        library.sqlite3_vfs_register.argtypes = [c_void_p, c_int]
    except AttributeError:
        raise SyncsNotReachable("this interpreter hides the functions of its SQLite") from None
    return library
