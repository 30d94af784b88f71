"""A Gremlin engine in Python: parser, planner, step library and serializers (Apache TinkerPop 3.8)."""
