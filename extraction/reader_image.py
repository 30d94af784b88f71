"""Images: one page per frame, recognised by tesseract."""

import time
from typing import ClassVar

from bifrost.documents import Document
from bifrost.errors import RecordError
from bifrost.values import FileRecord
from extraction.ocr import Ocr
from extraction.ocr_image import load_images

__all__ = ["ImageReader", "implementation"]


class ImageReader:
    """``seconds`` bounds a file of several pages."""

    media_types: ClassVar[frozenset[str]] = frozenset({"image/png", "image/jpeg", "image/tiff"})

    def __init__(self, ocr: Ocr | None = None, seconds: float = 600.0) -> None:
        self._ocr = ocr or Ocr()
        self._seconds = seconds

    def read(self, record: FileRecord) -> Document:
        deadline = time.monotonic() + self._seconds
        pages = []
        for number, (image, scale) in enumerate(zip(*load_images(record.content, record.key), strict=True), 1):
            left = deadline - time.monotonic()
            if left <= 0:
                raise RecordError(f"Recognising {record.key} took more than {self._seconds:.0f} s.", record=record.key)
            pages.append(self._ocr.page(image, number, points_per_pixel=scale, record=record.key, seconds=left))
        return Document(record.media_type, tuple(pages), reader="reader.image")


implementation = ImageReader
