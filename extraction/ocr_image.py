"""Prepares a scanned page for recognition: grey, upright, without noise, its ruled lines known."""

import io
import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps, ImageSequence, UnidentifiedImageError
from scipy import ndimage

from bifrost.errors import RecordError
from extraction.tables_grid import Line

__all__ = ["MOST_PIXELS", "PreparedPage", "load_images", "prepare"]

MOST_PIXELS = 60_000_000
_MOST_FRAMES = 500
_NOISY = 6.0
"""Standard deviation of the noise in grey levels from which a page is smoothed (chosen on half of the scans)."""
_ENOUGH_PIXELS = 16_000_000
"""Larger pages are shrunk to this: A4 at 400 dpi, A3 at 280."""
_SMALL = 1000
"""Pages narrower than this many pixels are enlarged twice."""
_LARGEST_SKEW = 4.0
_SKEW_WIDTH = 700

Gray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """``image`` is what is recognised; a point (x, y) of it lies at ``to_original(x, y)`` of the picture given."""

    image: Image.Image
    pixels: Gray
    horizontal: tuple[Line, ...]
    vertical: tuple[Line, ...]
    scale: float
    angle: float

    def to_original(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """The box around a box of the prepared image, in pixels of the original."""
        if not self.angle:
            return x0 / self.scale, y0 / self.scale, x1 / self.scale, y1 / self.scale
        middle_x, middle_y = self.image.width / 2, self.image.height / 2
        cosine, sine = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        x, y = (x0 + x1) / 2 - middle_x, (y0 + y1) / 2 - middle_y
        # the middle is rotated back; at a few degrees the box itself keeps its size
        centre_x, centre_y = x * cosine - y * sine + middle_x, x * sine + y * cosine + middle_y
        wide, high = (x1 - x0) / 2, (y1 - y0) / 2
        return (
            (centre_x - wide) / self.scale,
            (centre_y - high) / self.scale,
            (centre_x + wide) / self.scale,
            (centre_y + high) / self.scale,
        )


def load_images(content: bytes, record: str) -> tuple[list[Image.Image], list[float]]:
    """The frames of an image file as grey pictures, upright by their EXIF tag, and their points per pixel.

    Raises RecordError for files that are empty, broken or larger than 60 million pixels.
    """
    if not content:
        raise RecordError(
            f"{record} is empty.", record=record, remedy="Scan or export the image again; it has 0 bytes."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd tags and, below our own limit, of size
            with Image.open(io.BytesIO(content)) as image:
                frames, scales = [], []
                for number, frame in enumerate(ImageSequence.Iterator(image)):
                    if frame.width * frame.height > MOST_PIXELS or number >= _MOST_FRAMES:
                        raise RecordError(
                            f"{record} has {frame.width} x {frame.height} pixels or more than {_MOST_FRAMES} pages.",
                            record=record,
                            remedy="Save it with a lower resolution, or split it.",
                        )
                    frames.append(_grey(frame))
                    scales.append(72 / _dpi(frame))
                return frames, scales
    except RecordError:
        raise
    except UnidentifiedImageError:
        raise RecordError(
            f"{record} is not an image that can be read.", record=record, remedy="Save it as PNG, JPEG or TIFF."
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, EOFError) as error:
        raise RecordError(
            f"{record} is not a readable image: {error}", record=record, remedy="Scan or export the image again."
        ) from None


def _grey(frame: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(frame)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        flat = Image.new("RGBA", upright.size, "white")
        flat.alpha_composite(upright.convert("RGBA"))
        return flat.convert("L")
    if upright.mode.startswith("I"):  # 16 bits a pixel
        return Image.fromarray((np.asarray(upright, np.float32) / 257).clip(0, 255).astype(np.uint8))
    return upright.convert("L")


def _dpi(frame: Image.Image) -> float:
    """The resolution that the file states, else the one at which the picture is an A4 page wide."""
    stated = frame.info.get("dpi", (0, 0))
    try:
        dpi = float(stated[0])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        dpi = 0.0
    return dpi if 60 <= dpi <= 2400 else max(min(frame.width, frame.height) / 8.27, 36.0)


def prepare(image: Image.Image) -> PreparedPage:
    """Enlarges small pages and shrinks large ones, turns skewed ones upright, smooths noisy ones, and finds ruled lines."""
    pixels_given = image.width * image.height
    scale = 1.0
    if pixels_given > _ENOUGH_PIXELS:
        scale = (_ENOUGH_PIXELS / pixels_given) ** 0.5
    elif image.width < _SMALL and pixels_given * 4 <= _ENOUGH_PIXELS:
        scale = 2.0
    if scale != 1.0:
        size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
        image = image.resize(size, Image.Resampling.LANCZOS)
    if _noise(np.asarray(image, np.float32)) > _NOISY:
        image = image.filter(ImageFilter.GaussianBlur(1.0))
    angle = _skew(image)
    if angle:
        image = image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=int(np.median(np.asarray(image))))
    pixels = np.asarray(image, np.float32)
    horizontal, vertical = _ruled_lines(pixels)
    return PreparedPage(image, pixels, horizontal, vertical, scale, angle)


def _noise(pixels: Gray) -> float:
    """Standard deviation of the noise, from the median of second differences so that edges do not count.

    After J. Immerkaer, Fast Noise Variance Estimation, 1996.
    """
    step = max(1, pixels.shape[0] // 600)
    rows = pixels[:: step * 3]
    middle = rows[:, 1:-1]
    differences = np.abs(2 * middle - rows[:, :-2] - rows[:, 2:])
    return float(np.median(differences)) * 1.4826 / math.sqrt(6) if differences.size else 0.0


def _skew(image: Image.Image) -> float:
    """Degrees to turn the page so that its lines are level: the angle at which row sums vary most; 0 if under 0.1."""
    ratio = min(1.0, _SKEW_WIDTH / max(image.width, 1))
    small = image.resize((max(int(image.width * ratio), 1), max(int(image.height * ratio), 1)), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    ink = Image.fromarray(((pixels < pixels.mean() - 30) * 255).astype(np.uint8))
    if not ink.getbbox():
        return 0.0

    def sharpness(angle: float) -> float:
        sums = np.asarray(ink.rotate(angle), np.float32).sum(axis=1)
        return float(((sums[1:] - sums[:-1]) ** 2).sum())

    coarse = max(np.arange(-_LARGEST_SKEW, _LARGEST_SKEW + 0.1, 0.5), key=sharpness)
    fine = max(np.arange(coarse - 0.4, coarse + 0.41, 0.1), key=sharpness)
    return float(fine) if abs(fine) >= 0.1 and sharpness(float(fine)) > 1.05 * sharpness(0.0) else 0.0


def _ruled_lines(pixels: Gray) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Long thin strokes darker than what surrounds them."""
    height, width = pixels.shape
    if min(height, width) < 100:
        return (), ()
    around = ndimage.uniform_filter(pixels, max(15, width // 50))
    dark = (pixels < around - 30).astype(np.float32)
    return _strokes(dark, axis=1), _strokes(dark, axis=0)


def _strokes(dark: Gray, axis: int) -> tuple[Line, ...]:
    """Strokes along an axis: at least a thirtieth of the page long, at most a hundred-and-fiftieth thick."""
    length = max(30, max(dark.shape) // 30)
    thickest = max(6, dark.shape[1] // 150)
    thick = ndimage.maximum_filter1d(dark, 3, axis=1 - axis)
    dense = ndimage.uniform_filter1d(thick, length, axis=axis) > 0.9
    marks = ndimage.maximum_filter1d(dense.astype(np.uint8), length, axis=axis)
    labels, _ = ndimage.label(marks)
    lines: list[Line] = []
    for rows, columns in ndimage.find_objects(labels):
        x0, x1, y0, y1 = float(columns.start), float(columns.stop), float(rows.start), float(rows.stop)
        along, across = (x1 - x0, y1 - y0) if axis == 1 else (y1 - y0, x1 - x0)
        if across <= thickest and along >= 1.5 * length:
            lines.append((x0, y0, x1, y1))
    return tuple(lines)
