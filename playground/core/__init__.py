"""The concepts as pure functions and frozen dataclasses: standard library, numpy and ml_dtypes only."""
