"""GraphQL: a generic graph, sources, builds and review by strawberry, and a typed part made from the graph's own types."""
