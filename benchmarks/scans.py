"""Scans that nobody tuned on: pages of PDFs, printed and scanned anew by a seeded simulation.

The simulation is not that of the shipped scans: besides turning, blur and noise there are uneven light, dust, fading ink
and JPEG at a random quality, each drawn per page.
"""

from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter

__all__ = ["fresh_scans"]

_DPI = 150


def fresh_scans(pdfs: list[Path], target: Path, count: int, seed: int) -> dict[str, str]:
    """Scans one page each of ``count`` PDFs drawn at random, the first or any other, into ``target``.

    Returns the text of each page by the file name of its scan.
    """
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    texts = {}
    for n, at in enumerate(rng.choice(len(pdfs), size=count, replace=False)):
        document = pypdfium2.PdfDocument(pdfs[at])
        number = 0 if n % 2 == 0 else int(rng.integers(len(document)))
        page = document[number]
        name = f"fresh_{n:02d}.jpg"
        scanned = _scanned(page.render(scale=_DPI / 72).to_pil().convert("L"), rng)
        scanned.save(target / name, quality=int(rng.integers(55, 90)), dpi=(_DPI, _DPI))
        texts[name] = page.get_textpage().get_text_bounded()
        document.close()
    return texts


def _scanned(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    turned = page.rotate(rng.uniform(-1.2, 1.2), fillcolor=255, resample=Image.Resampling.BICUBIC)
    grey = np.asarray(turned.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.8))), dtype=np.float64)
    height, width = grey.shape
    ink = rng.uniform(0.0, 70.0)
    grey = ink + grey * (255 - ink) / 255
    across, down = np.linspace(0, 1, width), np.linspace(0, 1, height)[:, None]
    light = 1 - rng.uniform(0, 0.25) * np.abs(across - rng.uniform(0, 1)) - rng.uniform(0, 0.15) * down
    grey = grey * light + rng.normal(0, rng.uniform(2, 14), grey.shape)
    dust = rng.random(grey.shape) < rng.uniform(0, 4e-4)
    grey[dust] = rng.choice([20.0, 235.0], size=int(dust.sum()))
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
