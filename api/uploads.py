"""Receives files of the console: streamed into the data directory, bounded, under safe names."""

import errno
import os
import secrets
import shutil
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from anyio.to_thread import run_sync
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from bifrost.errors import InputError, StoreFullError, TooLargeError

__all__ = ["Upload", "receive_upload", "safe_path"]

_MOST_FILES = 20_000
_MOST_LEVELS = 20
_LONGEST_NAME = 200
_BATCH = 2**20


@dataclass(frozen=True, slots=True)
class Upload:
    """Where the files of one upload lie, with their relative paths kept."""

    path: Path
    files: int
    size: int


def safe_path(name: str) -> Path:
    """The relative path of an uploaded file inside its folder. Raises InputError for a path that leads out of it."""
    parts = []
    for part in unicodedata.normalize("NFC", name).replace("\\", "/").split("/"):
        clean = "".join(char for char in part if char.isprintable() and char not in '<>:"|?*').strip().rstrip(".")
        if part.strip() == "..":
            raise InputError(f"The file name {name!r} leads out of its folder.")
        if part.strip() in ("", "."):
            continue
        if not clean:
            raise InputError(f"The file name {name!r} has no usable characters.")
        stem, dot, suffix = clean.rpartition(".")
        room = _LONGEST_NAME - len(dot + suffix) if stem and len(suffix) <= 20 else _LONGEST_NAME
        parts.append((stem[:room] + dot + suffix) if stem and len(suffix) <= 20 else clean[:room])
    if not parts or len(parts) > _MOST_LEVELS:
        raise InputError(f"The file name {name[:200]!r} is empty or has more than {_MOST_LEVELS} folders.")
    return Path(*parts)


async def receive_upload(request: Request, folder: Path, limit: int) -> Upload:
    """Writes the files of the multipart field ``files`` into a new folder below ``folder``.

    The folder appears under its name only when all files have arrived. Raises InputError, TooLargeError above ``limit``
    bytes, StoreFullError.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise InputError("Files are sent as multipart/form-data.", remedy="Send them in the form field 'files'.")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit + 2**20:
        raise TooLargeError(f"The upload has {length} bytes; the limit is {limit}.")
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
    partial = folder / f".partial-{name}"
    partial.mkdir(parents=True)
    receiver = _Receiver(partial, limit)
    try:
        parser = MultipartParser(options[b"boundary"], receiver.callbacks())  # type: ignore[arg-type]
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _BATCH:
                await run_sync(parser.write, bytes(waiting))
                waiting.clear()
        await run_sync(parser.write, bytes(waiting))
        parser.finalize()
        receiver.finish()
        await run_sync(os.rename, partial, folder / name)
    except FormParserError as error:
        raise InputError("The upload is not well-formed multipart/form-data.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFullError("There is no space left for the upload.") from error
        raise InputError(f"The upload cannot be stored: {error.strerror}.") from error
    finally:
        receiver.close()
        await run_sync(lambda: shutil.rmtree(partial, ignore_errors=True))
    return Upload((folder / name).resolve(), receiver.files, receiver.size)


@dataclass(slots=True)
class _Receiver:
    """Callbacks of the multipart parser, which write as the data comes."""

    folder: Path
    limit: int
    files: int = 0
    size: int = 0
    _header: bytes = b""
    _value: bytes = b""
    _disposition: bytes = b""
    _open: BinaryIO | None = None
    _ended: bool = False
    _names: set[Path] = field(default_factory=set)

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self.close,
            "on_end": self._end,
        }

    def finish(self) -> None:
        if not self._ended:
            raise InputError("The upload ended too early.", remedy="Send it again.")
        if not self.files:
            raise InputError("The upload has no file.", remedy="Send files in the form field 'files'.")

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _end(self) -> None:
        self._ended = True

    def _part_begin(self) -> None:
        self._header = self._value = self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != b"files" or b"filename" not in options:
            return
        path = safe_path(options[b"filename"].decode("utf-8", "replace"))
        if path in self._names:
            raise InputError(f"The upload has two files {path.as_posix()!r}.", remedy="Rename one of them.")
        self.files += 1
        if self.files > _MOST_FILES:
            raise TooLargeError(f"An upload has at most {_MOST_FILES} files.")
        self._names.add(path)
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self._open = target.open("xb")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._open is not None:
            self.size += end - start
            if self.size > self.limit:
                raise TooLargeError(f"The upload is larger than {self.limit} bytes.")
            self._open.write(memoryview(data)[start:end])
