"""A text that the model writes: token by token, along a given path, or by beam search."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

from playground import limits
from playground.core.beam_search import BeamSearch
from playground.core.sampling_settings import SamplingSettings
from playground.core.step import Step
from playground.errors import BadInput
from playground.models.lens.passes import Passes


class Generation(Passes):
    """What a loaded model writes."""

    def generate(
        self, ids: Sequence[int], settings: SamplingSettings, max_new_tokens: int, seed: int = 0
    ) -> Generator[Any, None, None]:
        """Tokens one by one (``Step``); leaving the loop stops the model within one token.

        The same ids, settings and seed give the same tokens, in any session. An encoder–decoder takes the ids as its
        source and writes its target. Raises BadInput for an encoder.
        """
        from playground.models import forward, seq2seq

        if self.kind == "encoder-decoder":
            yield from seq2seq.generate(self, seq2seq.ended(self, ids), settings, max_new_tokens, seed)
            return
        self._needs("decoder")
        checked = self.checked(ids, self.max_tokens)
        yield from self.steps(
            lambda allowed: forward.Generation(
                list(checked), settings, allowed, seed, self.stop_ids, guesses=limits.GUESSED_TOKENS
            ),
            max_new_tokens,
        )

    def steps(self, begun: Callable[[int], Any], max_new_tokens: int) -> Generator[Step, None, None]:
        """The steps of a row (``forward.Row``), begun with as many as are allowed; it steps with other readers'."""
        allowed = min(max_new_tokens, limits.current().new_tokens)
        if allowed < 1:
            raise BadInput("No token to generate", f"Ask for 1 to {limits.current().new_tokens} new tokens.")
        for step in self._loaded.worker.start_row(begun(allowed), owner=self._owner).items(self._on_wait):
            self._on_answer()
            yield step

    def follow(self, ids: Sequence[int], path: Sequence[int], settings: SamplingSettings) -> tuple[Step, ...]:
        """The tokens of ``path`` as steps after ``ids``: how likely each was under ``settings``, and what else."""
        from playground.models import forward

        self._needs("decoder")
        self.checked([*ids, *path], self.max_tokens)
        if not (ids and path):
            return ()
        key = ("followed", self._loaded.entry.pin, self.device, self.dtype, tuple(ids), tuple(path), settings)

        def work() -> list[Step]:
            return forward.followed(self._loaded.model, ids, path, settings)

        try:
            steps = self._loaded.worker.submit(work, owner=self._owner, key=key).wait(self._on_wait)
        finally:
            self._on_answer()
        return tuple(replace(s, finish_reason="stop" if s.id in self.stop_ids else "") for s in steps)

    def beam_search(
        self, ids: Sequence[int], beams: int, max_new_tokens: int, length_penalty: float = 1.0
    ) -> Generator[BeamSearch, None, None]:
        """The search after each of its steps; leaving the loop stops the model within one.

        Each step is a request of its own, so that other readers are served in between.
        """
        from playground.models import forward

        self._needs("decoder")
        batch = forward.Beams([list(self.checked(ids, self.max_tokens))])
        if not 1 <= beams <= limits.BEAMS or not 1 <= max_new_tokens <= limits.current().new_tokens:
            raise BadInput(
                "This beam search is too large",
                f"Ask for 1 to {limits.BEAMS} beams and 1 to {limits.current().new_tokens} new tokens.",
            )
        search = BeamSearch(beams, max_new_tokens, self.stop_ids, length_penalty)
        while not search.done:
            try:
                row = self._loaded.worker.submit(
                    lambda: forward.beam_step(self._loaded.model, batch), owner=self._owner
                ).wait(self._on_wait)
            finally:
                self._on_answer()
            batch.rows = search.advance(row)
            batch.pending = [[token] for token in search.tokens]
            yield search
