"""Where data lives: one file per kind of source."""
