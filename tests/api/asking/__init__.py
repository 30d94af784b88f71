"""Random graphs and random questions in one small language, and what renders them into each query language."""
