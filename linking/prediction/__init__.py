"""Link prediction: which edges of a confirmed link type are missing in the finished graph, and why."""
