"""Many prompts that begin alike: the common beginning is read once, the ends together, as rows of one batch.

Sixty prompts with the same instruction and examples then cost one reading of those, and sixty short queries. A row that
is shorter than the others is filled up at its end, where no token of the row can see it: causal attention needs no mask
for that. All of it runs on the model's worker thread. The last step, from the hidden state to log-probabilities, is
done in FP32: BF16 logits lie 0.06 to 0.125 apart, and labels would tie.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch

Ids = Sequence[int]


class Reader:
    """A model, and the KV cache of the beginning that the prompts it was given last have in common."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._cache: Any = None
        self._held: list[int] = []  # what the cache has seen
        self._head_VD = model.get_output_embeddings().weight.float()
        self.read_tokens = 0  # that went through the model so far, fillings counted

    def likelihoods(self, prompts: Sequence[Ids], continuations: Sequence[Ids]) -> list[list[float]]:
        """ln P(continuation | prompt), summed over its tokens, of each after each: (prompt, continuation)."""
        begin = self._hold(prompts)
        # A continuation's last token is only predicted. Those with the same tokens before it share a row.
        heads = list(dict.fromkeys(tuple(c[:-1]) for c in continuations))
        hidden_RTD, _ = self._rows([[*prompt[begin:], *head] for prompt in prompts for head in heads])
        places = [
            (prompt * len(heads) + row, len(ids) - begin - 1 + step)
            for prompt, ids in enumerate(prompts)
            for row, head in enumerate(heads)
            for step in range(len(head) + 1)
        ]
        rows, columns = (torch.tensor(each, device=hidden_RTD.device) for each in zip(*places, strict=True))
        logs_NV = self._logs(hidden_RTD[rows, columns])
        at = {place: n for n, place in enumerate(places)}
        found = []
        for prompt, ids in enumerate(prompts):
            first = len(ids) - begin - 1
            found.append(
                [
                    sum(
                        float(logs_NV[at[prompt * len(heads) + heads.index(tuple(c[:-1])), first + step], token])
                        for step, token in enumerate(c)
                    )
                    for c in continuations
                ]
            )
        return found

    def writing(self, prompts: Sequence[Ids]) -> "Writing":
        """Greedy continuations of the prompts, a token each a step."""
        begin = self._hold(prompts)
        return Writing(self, begin, [list(prompt[begin:]) for prompt in prompts])

    def _hold(self, prompts: Sequence[Ids]) -> int:
        """Make the cache end where the prompts part (a token before the end of the shortest); how many that are."""
        shortest = min(prompts, key=len)
        begin = min(len(shortest) - 1, *(_shared(shortest, prompt) for prompt in prompts))
        keep = min(_shared(self._held, shortest), begin)
        if keep == 0:
            self._cache = None
        elif keep < len(self._held):
            self._cache.crop(keep - len(self._held))  # below 0: that many are taken away
        new = list(shortest[keep:begin])
        if new:
            with torch.inference_mode():
                self._cache = self._forward([new], self._cache).past_key_values
        self._held = list(shortest[:begin])
        return begin

    def _rows(self, rows: Sequence[Ids]) -> tuple[torch.Tensor, Any]:
        """Hidden states of rows that follow what the cache holds, and the cache with them: (row, token, dimension)."""
        longest = max(map(len, rows))
        filled = [[*row, *[row[-1]] * (longest - len(row))] for row in rows]
        with torch.inference_mode():
            cache = copy.deepcopy(self._cache)
            if cache is not None:
                cache.batch_repeat_interleave(len(rows))
            out = self._forward(filled, cache)
        return out.last_hidden_state, out.past_key_values

    def _forward(self, rows: Sequence[Ids], cache: Any, **more: Any) -> Any:
        self.read_tokens += len(rows) * len(rows[0])
        batch = torch.tensor([list(row) for row in rows], dtype=torch.long, device=self._model.device)
        return self._model.base_model(batch, past_key_values=cache, use_cache=True, **more)

    def _logs(self, hidden_ND: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return torch.nn.functional.linear(hidden_ND.float(), self._head_VD).log_softmax(-1)


class Writing:
    """Rows that grow by their most probable token, all together."""

    def __init__(self, reader: Reader, begin: int, rows: Sequence[Ids]) -> None:
        self._reader, device = reader, reader._head_VD.device
        hidden_RTD, self._cache = reader._rows(rows)
        lengths = torch.tensor([len(row) for row in rows], device=device)
        self._next_R = reader._logs(hidden_RTD[torch.arange(len(rows), device=device), lengths - 1]).argmax(-1)
        # From here on a row's filling stands before its new tokens: it is masked, and their positions leave it out.
        inside = torch.arange(hidden_RTD.shape[1], device=device)[None] < lengths[:, None]
        self._mask = torch.cat((torch.ones(len(rows), begin, dtype=torch.bool, device=device), inside), 1).long()
        self._positions = (begin + lengths)[:, None]

    def step(self) -> list[int]:
        """The next token of each row."""
        tokens = self._next_R.tolist()
        self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=1)
        with torch.inference_mode():
            out = self._reader._forward(
                [[token] for token in tokens],
                self._cache,
                attention_mask=self._mask,
                position_ids=self._positions,
            )
            self._next_R = self._reader._logs(out.last_hidden_state[:, -1]).argmax(-1)
        self._cache = out.past_key_values
        self._positions = self._positions + 1
        return [int(token) for token in tokens]


def _shared(left: Ids, right: Ids) -> int:
    """How many ids two texts begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
