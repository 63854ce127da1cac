"""What the code shown on pages has in common: a text as Python, a number format as torch names it."""

INLINE_CHARACTERS = 1_000


def text_literal(text: str) -> str:
    r"""Python for the text: itself, or where it is long a line that reads it from a file.

    >>> text_literal("it's")
    '"it\'s"'
    >>> text_literal("a" * 2_000)[:16]
    'open("text.txt",'
    """
    return repr(text) if len(text) <= INLINE_CHARACTERS else 'open("text.txt", encoding="utf-8", newline="").read()'


def torch_dtype(dtype: str) -> str:
    """Torch's name of a number format.

    >>> torch_dtype("bf16"), torch_dtype("fp32")
    ('bfloat16', 'float32')
    """
    return {"bf16": "bfloat16", "fp16": "float16"}.get(dtype, "float32")
