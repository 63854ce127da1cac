"""GGUF → safetensors, tokenizer.json and config.json, once: ``python -m playground.models.convert FOLDER``.

The weights are dequantized and kept as bf16 (they map into memory in a tenth of a second instead of 10–15 s). The
tokenizer that transformers builds from the GGUF is wrong for this model family: its pre-tokenizer must split digits
one by one and then go to byte level, as the original tokenizer.json does.
"""

import sys
from pathlib import Path


def convert(folder: Path) -> None:
    """Write config.json, model.safetensors and tokenizer.json beside ``folder/model.gguf``."""
    import torch
    from tokenizers import Tokenizer, pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.bfloat16)
    # transformers refuses to save a GGUF-loaded model until its quantizer marks are gone
    del model.hf_quantizer
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    tokenizer: Tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file="model.gguf").backend_tokenizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(folder / "tokenizer.json"))


if __name__ == "__main__":
    convert(Path(sys.argv[1]))
