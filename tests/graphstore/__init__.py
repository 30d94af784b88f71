"""Tests of the graph store."""
