"""The graph as arrays for learning: ``bifrost.ml.load("graph-parquet.zip").to_dgl()``.

A Parquet export (a file, a folder, or a running service) becomes a heterogeneous graph with features, targets and
splits, and from it a DGL or a PyG graph. See docs/data-science.md.
"""

from bifrost.ml.arrays import Edges, GraphArrays, Nodes, Split
from bifrost.ml.features import FeatureOptions
from bifrost.ml.loading import load

__all__ = ["Edges", "FeatureOptions", "GraphArrays", "Nodes", "Split", "load"]
