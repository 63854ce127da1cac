"""The lines of numpy that give the Quantization page's numbers for one matrix, ready to paste."""

from playground.core.quantization import Scheme
from playground.models import store
from playground.models.catalogue import catalogue
from playground.models.weights import Matrix, gguf_name

_FROM_GGUF = """
import gguf
import numpy as np
from playground.models import store  # only to find the folder

reader = gguf.GGUFReader(store.ensure("{model_id}") / "model.gguf")
tensor = next(t for t in reader.tensors if t.name == "{name}")
w = gguf.dequantize(tensor.data, tensor.tensor_type)  # the file is {stored}: already quantized once
"""
_FROM_SAFETENSORS = """
import numpy as np
from safetensors import safe_open
from playground.models import store  # only to find the folder

with safe_open(store.ensure("{model_id}") / "model.safetensors", "pt") as file:
    w = file.get_tensor("{name}").float().numpy()
"""
_RULES = {
    "absmax": """
g = w.reshape({shape})
scale = np.abs(g).max(1, keepdims=True) / {top}{half}
restored = np.clip(np.rint(g / scale), -{top}, {top}) * scale""",
    "zero-point": """
g = w.reshape({shape})
low, high = np.minimum(g.min(1, keepdims=True), 0), np.maximum(g.max(1, keepdims=True), 0)
scale = (high - low) / {codes}{half}
zero = np.clip(np.rint(-low / scale), 0, {codes})
restored = (np.clip(np.rint(g / scale) + zero, 0, {codes}) - zero) * scale""",
    "nf4": """
from playground.core.nf4 import TABLE  # the sixteen values printed in the QLoRA paper
g = w.reshape({shape})
absmax = np.abs(g).max(1, keepdims=True)
restored = TABLE[np.abs((g / absmax)[..., None] - TABLE).argmin(-1)] * absmax""",
    "fp8": """
import ml_dtypes
g = w.reshape({shape})
scale = np.abs(g).max(1, keepdims=True) / 448{half}
restored = np.clip(g / scale, -448, 448).astype(ml_dtypes.float8_e4m3fn).astype(np.float32) * scale""",
    "mxfp4": """
import ml_dtypes
g = w.reshape(-1, 32)
scale = 2.0 ** (np.floor(np.log2(np.abs(g).max(1, keepdims=True))) - 2)
restored = np.clip(g / scale, -6, 6).astype(ml_dtypes.float4_e2m1fn).astype(np.float32) * scale""",
    "gguf": """
import gguf
kind = gguf.GGMLQuantizationType.{gguf}
restored = gguf.dequantize(gguf.quantize(w, kind), kind)""",
}
_END = """

error = w - restored.reshape(w.shape)
print("RMSE", np.sqrt((error**2).mean(dtype=float)))
print("SNR", 10 * np.log10((w**2).sum(dtype=float) / max((error**2).sum(dtype=float), 1e-300)), "dB")
"""


def snippet(model_id: str, matrix: Matrix, scheme: Scheme) -> str:
    """Python that prints the RMSE and the signal-to-noise ratio of this matrix under this scheme."""
    folder = store.folder_of(catalogue()[model_id])
    start = _FROM_GGUF if (folder / "model.gguf").is_file() else _FROM_SAFETENSORS
    name = gguf_name(matrix.name) if start is _FROM_GGUF else matrix.name
    shape = {"tensor": "1, -1", "channel": f"{matrix.rows}, -1", "group": f"-1, {scheme.group}"}[scheme.grain]
    rule = _RULES[scheme.kind].format(
        shape=shape,
        top=2 ** (scheme.bits - 1) - 1,
        codes=2**scheme.bits - 1,
        gguf=scheme.name.upper(),
        half="\nscale = scale.astype(np.float16).astype(np.float32)" if scheme.grain == "group" else "",
    )
    return start.format(model_id=model_id, name=name, stored=matrix.stored) + rule + _END
