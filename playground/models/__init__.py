"""The only floor that knows torch, transformers and the tokenizer engines."""
