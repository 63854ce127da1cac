"""Core results in, plotly figures or escaped HTML out."""
