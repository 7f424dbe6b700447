"""The benchmark: Tether beside the tools people use now, as ratios of one run. See docs/benchmarks.md.

Nothing here is a test: no figure fails anything. `python -m tests.bench` from the repository's root.
"""
