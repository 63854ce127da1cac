"""How the model is asked: on its worker, once for all who ask the same, with care for memory."""

import gc
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from playground.errors import BadInput, ModelUnavailable
from playground.models.lens.text import Text
from playground.models.worker import Together


class Asking(Text):
    """A loaded model's queue and its shared answers."""

    def checked(self, ids: Sequence[int], limit: int) -> tuple[int, ...]:
        """The same ids, if the model can take them in; BadInput for none, too many, or one it does not know."""
        if not ids:
            raise BadInput("There is no token to start from", "Type something.")
        if len(ids) > limit:
            raise BadInput(f"{len(ids):,} tokens are more than the {limit:,} allowed here", "Shorten the text.")
        wrong = next((i for i in ids if not 0 <= i < self.vocabulary_size), None)
        if wrong is not None:
            raise BadInput(f"Token {wrong} is outside the vocabulary", f"Ids run from 0 to {self.vocabulary_size - 1}.")
        return tuple(int(i) for i in ids)

    def ask(
        self,
        function: Callable[..., np.ndarray],
        arguments: tuple[Any, ...],
        key: Hashable = None,
        of_each: Callable[[Any, Sequence[Any]], Sequence[np.ndarray]] | None = None,
    ) -> np.ndarray:
        """``function(model, *arguments)`` on the worker, once for all who ask the same; read-only.

        How a topic with a module of its own runs the model. ``key`` stands for arguments that are arrays.
        ``of_each(model, texts)`` answers several readers in one pass, where the one argument is a text's ids.
        """
        name = f"{function.__module__}.{function.__qualname__}"
        whole_key = (self._loaded.entry.pin, self.device, self.dtype, name, arguments if key is None else key)
        kept = self._results.get(whole_key)
        if kept is not None:
            return kept

        def work() -> np.ndarray:
            value = _with_memory_care(self._loaded, lambda: function(self._loaded.model, *arguments))
            self._results.put(whole_key, value)
            return value

        def run(asked: Sequence[tuple[Hashable, Any]]) -> Sequence[np.ndarray]:
            values = of_each(self._loaded.model, [text for _, text in asked]) if of_each else ()
            for (their_key, _), value in zip(asked, values, strict=True):
                self._results.put(their_key, value)
            return values

        together = Together(name, run, (whole_key, arguments[0]), len(arguments[0])) if of_each else None
        try:
            return self._loaded.worker.submit(work, owner=self._owner, key=whole_key, together=together).wait(
                self._on_wait
            )
        finally:
            self._on_answer()

    def _answer(self, what: str, arguments: tuple[Any, ...], key: Hashable = None) -> np.ndarray:
        from playground.models import forward

        return self.ask(getattr(forward, what), arguments, key, getattr(forward, f"{what}_of_each", None))

    def _shared(self, what: str, ids: Sequence[int], extra: tuple[int, ...], limit: int) -> np.ndarray:
        checked = self.checked(ids, min(limit, self.max_tokens))
        taken = {"attentions": (extra,), "queries_keys": extra}.get(what, ())
        return self._answer(what, (checked, *taken), key=(extra, checked))

    def _needs(self, kind: str) -> None:
        if self.kind != kind:
            why = "It is an encoder" if self.kind == "encoder" else "It reads a source, then writes a target"
            what = "predicts no next token" if self.kind == "encoder" else "does not go on with a text"
            raise BadInput(f"{self.title} {what}", f"{why}: choose a decoder model.")


def _with_memory_care(loaded: Any, call: Callable[[], np.ndarray]) -> np.ndarray:
    """Run on the worker thread; a full GPU moves the model to the CPU, a full main memory is explained."""
    import torch

    try:
        return call()
    except torch.cuda.OutOfMemoryError:
        gc.collect()
        loaded.move_to_cpu("The GPU's memory filled up: this model now runs on the CPU.")
        return call()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "alloc" not in str(error):
            raise
        gc.collect()
        raise ModelUnavailable("Not enough memory for this text", "Shorten it, or close other programs.") from error
