"""Images: one page per frame, recognised by tesseract."""

import time
from typing import ClassVar

from bifrost.documents import Document, Page
from bifrost.values import FileRecord
from extraction.ocr import Ocr
from extraction.ocr_image import load_images

__all__ = ["ImageReader", "implementation"]


class ImageReader:
    """``seconds`` bounds a file of several pages; pages after it are left out and ``truncated`` is noted."""

    media_types: ClassVar[frozenset[str]] = frozenset({"image/png", "image/jpeg", "image/tiff"})

    def __init__(self, ocr: Ocr | None = None, seconds: float = 240.0) -> None:
        self._ocr = ocr or Ocr()
        self._seconds = seconds

    def read(self, record: FileRecord) -> Document:
        deadline = time.monotonic() + self._seconds
        images, scales = load_images(record.content, record.key)
        pages: list[Page] = []
        for image, scale in zip(images, scales, strict=True):
            left = deadline - time.monotonic()
            if left <= 0 and pages:
                break
            page = self._ocr.page(
                image, len(pages) + 1, points_per_pixel=scale, record=record.key, seconds=max(left, 1.0)
            )
            pages.append(page)
        properties: dict[str, tuple[str, ...]] = {}
        if len(pages) < len(images):
            properties["truncated"] = (f"{len(pages)} of {len(images)} pages read",)
        return Document(record.media_type, tuple(pages), properties, reader="reader.image")


implementation = ImageReader
