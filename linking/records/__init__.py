"""Record matching: which records of two tables, or of one, describe the same thing."""
