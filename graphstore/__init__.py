"""Where the graph lives: SQL store, Gremlin engine, SPARQL view, search."""
