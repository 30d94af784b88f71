"""``python -m benchmarks``: runs the benchmarks one after the other, each in a process of its own.

Name some to run only those. Figures are written to ``--out`` as one JSON file per benchmark.
"""

import argparse
import subprocess
import sys
from pathlib import Path

NAMES = ("enterprise", "demo", "linking", "store", "search", "sync", "gremlin", "graphql", "nlp", "ocr")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--out", type=Path, default=Path(".bench"), help="folder for the figures (default: .bench)")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    options.out.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in options.names or NAMES:
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(options.out / f"{name}.json")]
        print(f"== {name}", flush=True)
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"These ended with an error: {', '.join(failed)}")


if __name__ == "__main__":
    main()
