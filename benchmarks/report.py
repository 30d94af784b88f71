"""What every benchmark prints and writes: figures with the baseline beside them."""

import argparse
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

__all__ = ["Report", "arguments", "data_folder", "f1_score"]


def data_folder() -> Path:
    """The folder of data that benchmarks read: ``BIFROST_DATA``, by default ``../shared/data`` beside the repository."""
    default = Path(__file__).parents[2] / "shared" / "data"
    return Path(os.environ.get("BIFROST_DATA", default))


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with what all benchmarks take: ``--json`` and ``--seed``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random")
    return parser


@dataclass
class Report:
    """Collects figures under dotted keys and prints them as one table.

    ``add("f1.pdf_customer", .98, baseline=.91, bar=.95)``: a baseline is measured in the same run and is itself written
    as ``baseline.<key>``; a bar is what the figure should reach.
    """

    name: str
    seed: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def add(
        self, key: str, value: float, *, baseline: float | None = None, bar: float | None = None, note: str = ""
    ) -> None:
        self.figures[key] = float(value)
        if baseline is not None:
            self.figures[f"baseline.{key}"] = float(baseline)
        self.rows.append((key, _show(value), _show(baseline), _show(bar), note))

    def print(self) -> None:
        table = Table(title=f"{self.name} (commit {commit()}, seed {self.seed})", title_justify="left")
        for heading in ("figure", "value", "baseline", "bar", "note"):
            table.add_column(heading, justify="right" if heading in ("value", "baseline", "bar") else "left")
        for row in self.rows:
            table.add_row(*row)
        Console(width=140).print(table)

    def write(self, path: Path | None) -> None:
        """Prints the table, and writes the figures as JSON where a path is given."""
        self.print()
        if path is not None:
            made = {"name": self.name, "commit": commit(), "seed": self.seed, "figures": self.figures}
            path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def commit() -> str:
    """The short hash of the checked-out commit, with a + where files differ from it; empty outside a checkout."""

    def git(*command: str) -> str:
        root = Path(__file__).parents[1]
        done = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def f1_score(found: set[tuple[str, ...]], truth: set[tuple[str, ...]]) -> tuple[float, float, float]:
    """Precision, recall and F1 of found against true items; 0 where there is nothing to divide by."""
    hits = len(found & truth)
    precision = hits / len(found) if found else 0.0
    recall = hits / len(truth) if truth else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0


def _show(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 10 else f"{value:,.4g}"
