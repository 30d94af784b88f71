"""Link types, records, links inside the graph, and what all of it asks of people.

``python -m benchmarks.linking [--only PART] [--json FILE] [--seed N] [--plots FOLDER]``, where PART is one of references,
schema, mentions, entities, names, recurrence, graph, pair_network, one_table, answers, carried, scale, wide, links, effort,
calibration and ablation.
"""

import importlib
import sys
from pathlib import Path

from benchmarks.report import Report, arguments, data_folder

PARTS = {
    "references": "benchmarks.linking_references",
    "schema": "benchmarks.linking_schema",
    "mentions": "benchmarks.linking_mentions",
    "entities": "benchmarks.linking_entities",
    "names": "benchmarks.linking_names",
    "recurrence": "benchmarks.linking_recurrence",
    "graph": "benchmarks.linking_graph",
    "pair_network": "benchmarks.linking_pair_network",
    "one_table": "benchmarks.linking_one_table",
    "answers": "benchmarks.linking_answers",
    "carried": "benchmarks.linking_carried",
    "scale": "benchmarks.linking_scale",
    "wide": "benchmarks.linking_wide",
    "links": "benchmarks.linking_links",
    "effort": "benchmarks.linking_effort",
    "calibration": "benchmarks.linking_calibration",
    "ablation": "benchmarks.linking_ablation",
}
"""Each module has ``run(report, seed, data)``, which adds its figures to the report."""


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="run this part only; may be repeated")
    parser.add_argument("--plots", type=Path, help="folder to draw the curves of the part effort into (extra: bench)")
    options = parser.parse_args()
    data = data_folder()
    if not data.is_dir():
        sys.exit(f"{data} does not exist; set BIFROST_DATA.")
    report = Report("linking", options.seed)
    for part in options.only or PARTS:
        more = {"plots": options.plots} if part == "effort" else {}
        importlib.import_module(PARTS[part]).run(report, options.seed, data, **more)
    report.write(options.json)


if __name__ == "__main__":
    main()
