"""Record matching: which records of two tables, or of one, describe the same thing."""

from linking.records.kept import KeptTasks
from linking.records.matching import Matching
from linking.records.options import MatchOptions
from linking.records.port import match, match_tables, next_pairs, resolve

__all__ = ["KeptTasks", "MatchOptions", "Matching", "match", "match_tables", "next_pairs", "resolve"]
