"""The same questions as ``reading`` for a model that reads a source and writes a target: each prompt is one source.

Sources of several lengths are one padded batch, and the padding is masked. The encoder reads each prompt once; every
continuation is then one short row of the decoder. As there, the last step to log-probabilities is done in FP32.
"""

from collections.abc import Sequence
from typing import Any

import torch

Ids = Sequence[int]


class SourceReader:
    """An encoder–decoder (T5), and how many source tokens it has read so far, fillings counted."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._head_VD = model.get_output_embeddings().weight.float()
        # A T5 whose output head is its embedding table makes the decoder's output smaller before it.
        scaled = getattr(model.config, "scale_decoder_outputs", False)
        self._scale = model.config.d_model**-0.5 if scaled else 1.0
        self.start = int(model.config.decoder_start_token_id)
        self.read_tokens = 0

    def likelihoods(self, prompts: Sequence[Ids], continuations: Sequence[Ids]) -> list[list[float]]:
        """ln P(continuation | prompt), summed over its tokens, of each as the whole target so far of each prompt."""
        hidden_PSD, mask_PS = self.encoded(prompts)
        rows = [[self.start, *ids[:-1]] for ids in continuations]
        longest = max(map(len, rows))
        filled = [row + [self.start] * (longest - len(row)) for row in rows]  # behind the row: nothing sees it
        batch = torch.tensor(filled * len(prompts), device=self._model.device)
        out = self.decoded(
            batch,
            hidden_PSD.repeat_interleave(len(rows), 0),
            mask_PS.repeat_interleave(len(rows), 0),
            use_cache=False,
        )
        logs_PCTV = self.logs(out.last_hidden_state).unflatten(0, (len(prompts), len(rows)))
        return [
            [float(logs_CTV[c, range(len(ids)), list(ids)].sum()) for c, ids in enumerate(continuations)]
            for logs_CTV in logs_PCTV
        ]

    def writing(self, prompts: Sequence[Ids]) -> "TargetWriting":
        """Greedy targets of the prompts, a token each a step."""
        return TargetWriting(self, prompts)

    def encoded(self, prompts: Sequence[Ids]) -> tuple[torch.Tensor, torch.Tensor]:
        """What the encoder found in each prompt, and which of it is not filling."""
        longest = max(map(len, prompts))
        self.read_tokens += longest * len(prompts)
        where = self._model.device
        batch = torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in prompts], device=where)
        mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in prompts], device=where)
        with torch.inference_mode():
            hidden: torch.Tensor = self._model.get_encoder()(batch, attention_mask=mask).last_hidden_state
        return hidden, mask

    def decoded(self, batch: torch.Tensor, hidden_PSD: torch.Tensor, mask_PS: torch.Tensor, **more: Any) -> Any:
        """The decoder's pass over target tokens."""
        with torch.inference_mode():
            return self._model.get_decoder()(
                batch, encoder_hidden_states=hidden_PSD, encoder_attention_mask=mask_PS, **more
            )

    def logs(self, hidden: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of the next token."""
        with torch.inference_mode():
            return torch.nn.functional.linear(hidden.float() * self._scale, self._head_VD).log_softmax(-1)


class TargetWriting:
    """Targets that grow by their most probable token, all together; the encoder has read once."""

    def __init__(self, reader: SourceReader, prompts: Sequence[Ids]) -> None:
        self._reader = reader
        self._hidden_PSD, self._mask_PS = reader.encoded(prompts)
        self._cache: Any = None
        self._last_P = torch.full((len(prompts),), reader.start, device=self._hidden_PSD.device)

    def step(self) -> list[int]:
        """The next token of each target."""
        out = self._reader.decoded(
            self._last_P[:, None], self._hidden_PSD, self._mask_PS, past_key_values=self._cache, use_cache=True
        )
        self._cache = out.past_key_values
        self._last_P = self._reader.logs(out.last_hidden_state[:, -1]).argmax(-1)
        return [int(token) for token in self._last_P.tolist()]
