"""The kernel: value types, ports, errors, settings, registry, pipeline."""
