"""Trains the forest for records of one or two fields: ``python -m linking.records.training_few [--tasks N] [--out FILE]``.

It learns from made-up tasks alone, so no data set that the prior is measured on takes part.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from linking.records.made_up import made_up
from linking.records.prior import FEW_FIELDS, WEIGHTS, load_prior
from linking.records.training import Task, forest_of, prepared_task

__all__ = ["main"]

LEAST_RECORDS = 10


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains on made-up tasks and adds the forest to the weights."""
    parser = argparse.ArgumentParser(prog="python -m linking.records.training_few", description=main.__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args(arguments)
    tasks: list[Task] = []
    for seed in range(options.tasks):
        made = made_up(seed, FEW_FIELDS)
        if min(made.records.shape) >= LEAST_RECORDS:
            tasks.append(prepared_task(made, 1.0))
    prior = replace(load_prior(), few=forest_of(tasks))
    options.out.write_text(json.dumps(prior.to_dict(), separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
