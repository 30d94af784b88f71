"""How the shipped column models are trained: generated schemas, features, fitting. Not needed at run time."""
