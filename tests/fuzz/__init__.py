"""Coverage-guided fuzzing of everything that reads bytes of strangers: `make fuzz`. What it finds is mended and kept in
`tests/fuzz/cases`, which `tests/unit/test_fuzz_cases.py` tries again with every test run."""
