"""Stores of each schema version as SQL, and what they hold as JSON."""
