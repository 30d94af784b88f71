"""Draws pages of files as WebP, in a process of its own that a hostile file may hang or crash without harm."""

import io
import multiprocessing
import threading
import time
from collections import OrderedDict
from typing import Any

from pebble import ProcessExpired, ProcessPool

from bifrost.errors import NotFoundError, RecordError
from bifrost.values import FileRecord

__all__ = ["PageRenderer", "render_page"]

_SECONDS = 30.0
_KEEP_SECONDS = 300.0
_MOST_KEPT = 64
_MOST_PIXELS = 40_000_000
_LONGEST_SIDE = 16_383
"""What the format allows."""


class PageRenderer:
    """Remembers the images drawn last. Thread-safe; the process starts with the first page."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._kept: OrderedDict[tuple[str, int, int], tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def remembered(self, key: tuple[str, int, int]) -> bytes | None:
        with self._lock:
            drawn, image = self._kept.get(key, (0.0, b""))
        return image if image and time.monotonic() - drawn < _KEEP_SECONDS else None

    def render(self, key: tuple[str, int, int], record: FileRecord) -> bytes:
        """A page of a file as WebP; ``key`` is document, page number from 1, and width in pixels.

        Raises NotFoundError for a page that the file does not have, RecordError for a file that cannot be drawn.
        """
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn"))
            pool = self._pool
        _, number, width = key
        future = pool.schedule(render_page, args=(record.media_type, record.content, number, width), timeout=_SECONDS)
        try:
            image: bytes = future.result()
        except (TimeoutError, ProcessExpired):
            raise RecordError("The page cannot be drawn: the file is broken or too large.", record=record.key) from None
        except PageDoesNotExistError:
            raise NotFoundError(f"The document has no page {number} that could be shown.") from None
        except Exception as error:
            raise RecordError(
                "The page cannot be drawn: the file is broken or encrypted.", record=record.key
            ) from error
        with self._lock:
            self._kept[key] = (time.monotonic(), image)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return image

    def close(self) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None


class PageDoesNotExistError(Exception):
    """Crosses the process border."""


def render_page(media_type: str, content: bytes, number: int, width: int) -> bytes:
    """Runs in the drawing process."""
    image = (
        _pdf_page(content, number, width) if media_type == "application/pdf" else _image_page(content, number, width)
    )
    stream = io.BytesIO()
    # A noisy scan is ten times smaller than as PNG.
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    image.save(stream, "WEBP", quality=82, method=2)
    return stream.getvalue()


def _pdf_page(content: bytes, number: int, width: int) -> Any:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    try:
        if not 1 <= number <= len(document):
            raise PageDoesNotExistError
        page = document[number - 1]
        scale = width / max(page.get_width(), 1.0)
        # A page of extreme proportions would need too much memory.
        scale = min(scale, (_MOST_PIXELS / max(page.get_width() * page.get_height(), 1.0)) ** 0.5)
        return page.render(scale=scale).to_pil().convert("RGB")
    finally:
        document.close()


def _image_page(content: bytes, number: int, width: int) -> Any:
    from PIL import Image, ImageOps, ImageSequence

    Image.MAX_IMAGE_PIXELS = 4 * _MOST_PIXELS
    with Image.open(io.BytesIO(content)) as opened:
        for index, frame in enumerate(ImageSequence.Iterator(opened), start=1):
            if index == number:
                image = ImageOps.exif_transpose(frame).convert("RGB")
                height = max(1, round(image.height * width / image.width))
                return image if width >= image.width else image.resize((width, height), Image.Resampling.LANCZOS)
    raise PageDoesNotExistError
