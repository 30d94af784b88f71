"""Recognition of scans: character and word error rates beside tesseract's defaults on the untouched image.

Reads ``$BIFROST_DATA/ocr`` (images with a ``.txt`` beside them) and ``$BIFROST_DATA/enterprise/scans`` (``truth.json``).
Errors are edit distances over the length of the truth, white space collapsed. ``codes`` is the share of the truth's
codes (six or more characters, letters with digits) found exactly; ``words`` the F1 of words regardless of order.
"""

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from benchmarks.report import Report, arguments, data_folder
from bifrost.values import FileRecord
from extraction.reader_image import ImageReader
from extraction.reading import sniff_media_type

_CODE = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{6,}\b")


def scans(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """(group, image, true text)."""
    for truth in sorted((folder / "ocr").glob("*.txt")):
        for image in sorted(truth.parent.glob(f"{truth.stem}.*")):
            if image.suffix != ".txt":
                yield "ocr", image, truth.read_text(encoding="utf-8", errors="replace")
    truth = folder / "enterprise" / "scans" / "truth.json"
    if truth.is_file():
        for name, entry in sorted(json.loads(truth.read_text(encoding="utf-8")).items()):
            yield "scans", truth.parent / name, entry["text"]


def plain_tesseract(image: Path) -> str:
    return subprocess.run(["tesseract", str(image), "stdout"], capture_output=True, check=True).stdout.decode()


def ours(reader: ImageReader, image: Path) -> str:
    content = image.read_bytes()
    return reader.read(FileRecord(image.name, sniff_media_type(content, "image/png"), content)).text


def measures(text: str, truth: str) -> dict[str, float]:
    found, wanted = text.split(), truth.split()
    characters = Levenshtein.distance(" ".join(found), " ".join(wanted)) / max(len(" ".join(wanted)), 1)
    common = sum((Counter(found) & Counter(wanted)).values())
    codes = set(_CODE.findall(truth))
    return {
        "cer": characters,
        "wer": Levenshtein.distance(found, wanted) / max(len(wanted), 1),
        "words": 2 * common / max(len(found) + len(wanted), 1),
        "codes": len(codes.intersection(_CODE.findall(text))) / len(codes) if codes else float("nan"),
    }


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    report = Report("ocr", options.seed)
    reader = ImageReader()
    groups: dict[str, list[tuple[dict[str, float], dict[str, float]]]] = {}
    for group, image, truth in scans(data_folder()):
        begin = time.perf_counter()
        base = measures(plain_tesseract(image), truth)
        middle = time.perf_counter()
        own = measures(ours(reader, image), truth)
        own["seconds"], base["seconds"] = time.perf_counter() - middle, middle - begin
        groups.setdefault(group, []).append((own, base))
        for measure in ("cer", "wer"):
            report.add(f"{measure}.{group}/{image.name}", own[measure], baseline=base[measure])
    for group, pairs in groups.items():
        for measure in ("cer", "wer", "words", "codes", "seconds"):
            values, baselines = ([pair[side][measure] for pair in pairs] for side in (0, 1))
            if not np.isnan(values).all():
                report.add(
                    f"{measure}.{group}", float(np.nanmean(values)), baseline=float(np.nanmean(baselines)), note="mean"
                )
    report.write(options.json)


if __name__ == "__main__":
    main()
