"""The LLM Playground: see how a large language model works, computed live by real models."""

__version__ = "0.1.0"
