"""The web console: its source in ``console/src``, its built files, which the service serves, in ``console/dist``."""

from pathlib import Path

__all__ = ["DIST"]

DIST = Path(__file__).parent / "console" / "dist"
"""The folder of the built console; ``index.html`` lies in it."""
