"""The few lines of torch and transformers that give the Embeddings page's numbers, ready to paste."""

from collections.abc import Sequence

from playground.core.contextual import REFERENCE
from playground.core.words import Term

_OPEN = """
import torch
from tokenizers import Tokenizer
from transformers import AutoModel
from playground.models import store  # only to find the folder

folder = store.ensure({model_id!r})
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation(); tokenizer.no_padding()  # some files ask for both
model = AutoModel.from_pretrained(folder, dtype=torch.{dtype}).eval()
table = model.get_input_embeddings().weight.detach().float()[:tokenizer.get_vocab_size()]

"""
_VECTOR = """
def vector(text):  # the mean of its tokens' rows
    return table[tokenizer.encode(text, add_special_tokens=False).ids].mean(0)

"""
_NEAREST = """
cosines = torch.cosine_similarity(table, vector, dim=1)
for cosine, token_id in zip(*cosines.topk({count})):
    print(f"{{cosine:.4f}}", int(token_id), repr(tokenizer.id_to_token(int(token_id))))
"""
_NEIGHBOURS = """
ids = tokenizer.encode({text!r}, add_special_tokens=False).ids
vector = table[ids[{piece}]]
"""
_SIMILARITY = """
rows = torch.stack([vector(text) for text in {texts!r}])
rows = rows / rows.norm(dim=1, keepdim=True)
for row in rows @ rows.T:
    print(*(f"{{cosine:.4f}}" for cosine in row))

centred = torch.stack([vector(text) for text in {texts!r}]).double()
centred -= centred.mean(0)
u, sigma, _ = torch.linalg.svd(centred, full_matrices=False)
print("variance explained:", *(f"{{share:.4f}}" for share in (sigma**2 / (sigma**2).sum())[:{components}]))
print((u * sigma)[:, :{components}])  # coordinates; a component's sign is arbitrary
"""
_SUM = """
def unit(text):
    return vector(text) / vector(text).norm()

total = {total}
cosines = torch.cosine_similarity(table, total, dim=1)
for cosine, token_id in zip(*cosines.topk({count})):
    print(f"{{cosine:.4f}}", int(token_id), repr(tokenizer.id_to_token(int(token_id))))
"""
_CONTEXT = """
def states(sentence):  # (layer, token, dimension); layer 0 is the embedding
    ids = tokenizer.encode(sentence).ids
    with torch.inference_mode():
        out = model(torch.tensor([ids]), output_hidden_states=True)
    return torch.stack(out.hidden_states)[:, 0].float()

def word(sentence, start, end):  # the tokens that touch these characters, averaged
    encoding = tokenizer.encode(sentence)
    at = [i for i, (a, b) in enumerate(encoding.offsets) if a < end and b > start]
    return states(sentence)[:, at].mean(1)

a = word({first[0]!r}, {first[1]}, {first[2]})
b = word({second[0]!r}, {second[1]}, {second[2]})
for layer, cosine in enumerate(torch.cosine_similarity(a, b, dim=-1)):
    print(layer, f"{{cosine:.4f}}")

# How alike are any two words? Different tokens of different sentences, at the last layer.
sentences = {reference}
last = []
for sentence in sentences:
    encoding = tokenizer.encode(sentence)
    kept = [i for i, t in enumerate(encoding.tokens)
            if i and not encoding.special_tokens_mask[i] and any(c.isalpha() for c in t.replace("Ġ", ""))]
    unit = torch.nn.functional.normalize(states(sentence)[-1, kept], dim=-1)
    last.append((torch.tensor(encoding.ids)[kept], unit))
cosines = [(a @ b.T)[ids_a[:, None] != ids_b] for n, (ids_a, a) in enumerate(last) for ids_b, b in last[n + 1:]]
print("different words:", f"{{torch.cat(cosines).mean():.4f}}")
"""


def _opening(model_id: str, dtype: str) -> str:
    return _OPEN.format(model_id=model_id, dtype={"bf16": "bfloat16"}.get(dtype, "float32")).lstrip("\n")


def neighbours(model_id: str, dtype: str, text: str, piece: int, count: int) -> str:
    """Python that prints the ``count`` tokens nearest to token ``piece`` of the text, that token among them."""
    return (
        _opening(model_id, dtype) + (_NEIGHBOURS.format(text=text, piece=piece) + _NEAREST.format(count=count)).strip()
    )


def similarity(model_id: str, dtype: str, texts: Sequence[str], components: int) -> str:
    """Python that prints the similarity matrix of these texts, and their principal components."""
    body = _VECTOR + _SIMILARITY.format(texts=list(texts), components=components)
    return _opening(model_id, dtype) + body.strip()


def arithmetic(model_id: str, dtype: str, terms: Sequence[Term], count: int) -> str:
    """Python that prints the tokens nearest to a sum; each term's word is written as it is encoded."""
    total = " ".join(f"{'+' if sign > 0 else '-'} unit({text!r})" for sign, text in terms).removeprefix("+ ")
    return _opening(model_id, dtype) + (_VECTOR + _SUM.format(total=total, count=count)).strip()


def context(model_id: str, dtype: str, first: tuple[str, int, int], second: tuple[str, int, int]) -> str:
    """Python that prints a word's similarity in two sentences at every layer, and the last layer's baseline."""
    reference = "[\n" + "".join(f"    {sentence!r},\n" for sentence in REFERENCE) + "]"
    return _opening(model_id, dtype) + _CONTEXT.format(first=first, second=second, reference=reference).strip()
