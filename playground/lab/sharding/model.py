"""The small transformer of ``core.small_model``, built: its tensors are the ones counted there, in the same order."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, scaled_dot_product_attention

from playground.core.small_model import SmallModel


class Block(nn.Module):
    """Attention, then an MLP, each after a LayerNorm and around a residual."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, hidden_BTD: Tensor) -> Tensor:
        """One block."""
        B, T, D = hidden_BTD.shape
        qkv = self.qkv(self.norm_1(hidden_BTD)).view(B, T, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], is_causal=True)
        hidden_BTD = hidden_BTD + self.out(mixed.transpose(1, 2).reshape(B, T, D))
        return hidden_BTD + self.down(gelu(self.up(self.norm_2(hidden_BTD))))


class Transformer(nn.Module):
    """Token ids to logits."""

    def __init__(self, size: SmallModel) -> None:
        super().__init__()
        self.tokens = nn.Embedding(size.vocabulary, size.width)
        self.positions = nn.Embedding(size.context, size.width)
        self.blocks = nn.ModuleList(Block(size.width, size.heads) for _ in range(size.blocks))
        self.norm = nn.LayerNorm(size.width)
        self.head = nn.Linear(size.width, size.vocabulary, bias=False)

    def forward(self, ids_BT: Tensor) -> Tensor:
        """Logits for every position."""
        hidden = self.tokens(ids_BT) + self.positions(torch.arange(ids_BT.shape[1]))
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(self.norm(hidden))


def build(size: SmallModel) -> Transformer:
    """The model with the same weights in every process: seed 0."""
    torch.manual_seed(0)
    return Transformer(size)


def batch(size: SmallModel, rank: int, step: int, rows: int = 2) -> Tensor:
    """This rank's token ids for this step: its own, the same in every run."""
    generator = torch.Generator().manual_seed(1_000 * step + rank)
    return torch.randint(size.vocabulary, (rows, size.context), generator=generator)


def loss(model: nn.Module, ids_BT: Tensor) -> Tensor:
    """Mean cross-entropy of each next token."""
    logits_BTV = model(ids_BT[:, :-1])
    return cross_entropy(logits_BTV.flatten(0, 1), ids_BT[:, 1:].flatten())
