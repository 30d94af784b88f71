"""What each capability is measured by: python -m benchmarks.NAME."""
