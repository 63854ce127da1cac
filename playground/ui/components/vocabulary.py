"""The vocabulary page's inputs, its paged table, the picked entry and the facts."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from playground import limits
from playground.core.visible import visible
from playground.core.vocabulary import By, Entry, Facts, Vocabulary
from playground.errors import PlaygroundError
from playground.figures import vocabulary as figures
from playground.models import vocabularies, vocabulary_code
from playground.models.engines import TOKENIZERS, Engine
from playground.ui import downloads, inputs, resources, shell, site
from playground.ui.tokenizing import TITLES

_MODEL_OF = {"smollm2": "smollm2-135m", "bert": "minilm-l6"}  # whose embedding rows the ids number
_EXAMPLE = {"text": " the", "id": "464, 1000-1010", "bytes": "F0 9F 98", "regex": r"^ ?\p{Greek}+$"}
_ONLY = {
    "all": "all entries",
    "partial": "not valid UTF-8 alone",
    "unstable": "encode to other ids",
    "special": "control tokens",
    "longest": "the 50 longest",
}
_WHY_UNSTABLE = {
    "byte-level BPE": "The tokenizer's pattern cuts the text before this token's merge can happen: it is never used.",
    "WordPiece": "Mostly ## pieces and [unused] places: they never begin a word, and typed alone they are other text.",
}
_WHY_UNSTABLE_ELSE = (
    "Mostly pieces from inside a word: alone they stand at the start, where a space is put before them."
)
_COLUMNS = {
    "id": st.column_config.NumberColumn(format="localized", width=60),
    "token": st.column_config.TextColumn(width=95),
    "bytes (hex)": st.column_config.TextColumn(width=108),
    "length": st.column_config.NumberColumn(width=52),
}


@dataclass(frozen=True)
class Search:
    """What was asked, and what was found."""

    engine: Engine
    entries: Vocabulary
    facts: Facts
    query: str
    by: By
    found: list[Entry]
    wrong: PlaygroundError | None = None  # why the search could not be made
    only: str = "all"


def ask() -> Search:
    """The inputs, and the entries that match."""
    left, right = st.columns([1, 1])
    with left:
        tokenizer_id = inputs.choice(
            "Tokenizer", list(TITLES), key="tokenizer", default="o200k", format_func=TITLES.__getitem__
        )
    with right:
        only = inputs.choice("Among", list(_ONLY), key="only", format_func=_ONLY.__getitem__)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        by: By = inputs.choice("Search by", ("text", "id", "bytes", "regex"), key="by", segmented=True)
        query = inputs.line(
            "Search",
            "",
            key="query",
            max_characters=limits.QUERY_CHARACTERS,
            help="text: entries that contain it, capitals and spaces matter. id: a number, several, or a range. "
            "bytes: hex. regex: a regular expression that knows \\p{Thai}, \\p{Han}, \\p{Emoji}. Empty: everything.",
        )
    engine = resources.engine(tokenizer_id)
    slot = st.empty()
    entries = vocabularies.read(engine, partial(_progress, slot))
    facts = vocabularies.facts(engine, partial(_progress, slot))
    wrong, found = None, []
    with slot, st.spinner("Searching…"):
        try:
            found = vocabularies.search(entries, query, by)
        except PlaygroundError as error:
            wrong = error
    slot.empty()
    if only != "all":
        among = getattr(facts, only)
        allowed = set(among)
        found = [entry for entry in found if entry.id in allowed]
        if only == "longest":
            found.sort(key=lambda entry: among.index(entry.id))
    return Search(engine, entries, facts, query, by, found, wrong, only)


def _progress(slot: st.delta_generator.DeltaGenerator, what: str, done: int, total: int) -> None:
    slot.progress(done / total if total else 0.0, text=f":material/hourglass_top: {what} · {done:,} of {total:,}")


def results(search: Search) -> Entry | None:
    """The page of matching entries and the one that was picked (the first, until a row is); None for no match."""
    found = search.found
    if not found:
        _nothing(search)
        return search.entries.by_id.get(int(wanted)) if (wanted := _wanted()).isdecimal() else None
    pages = -(-len(found) // limits.ENTRIES_SHOWN)
    st.markdown(f"**{len(found):,}** of {len(search.entries.entries):,} entries. Click a row to see it in full.")
    slot = st.container()
    if st.session_state.get("page", 1) > pages:  # a shorter list than the one that was paged through
        st.session_state["page"] = 1
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    shown = found[(page - 1) * limits.ENTRIES_SHOWN : page * limits.ENTRIES_SHOWN]
    ids = [entry.id for entry in shown]
    with slot:
        if page == 1 and search.only == "all" and not search.query and all(entry.special for entry in shown):
            first = next((i for i, entry in enumerate(found) if not entry.special), len(found))
            st.caption(
                f"The first {first:,} entries are control tokens, put in by hand. What was learned from text begins on "
                f"page {first // limits.ENTRIES_SHOWN + 1:,}; or search."
            )
        st.dataframe(
            figures.rows(shown),
            hide_index=True,
            height=min(420, 38 * (len(shown) + 1)),
            key="vocabulary.table",
            on_select=partial(_picked, ids),
            selection_mode="single-row",
            column_config=_COLUMNS,
        )
        shell.provenance("measured", f"Every entry of {search.entries.tokenizer}, read from the published vocabulary.")
    downloads.offer(f"vocabulary-{search.engine.info.id}", figures.FileRows(found), key="vocabulary.file")
    wanted = _wanted()
    by_id = {str(entry.id): entry for entry in found}
    return by_id.get(wanted, shown[0])


def _wanted() -> str:
    return inputs.line("Token id", "", key="token", help="Empty: the first of the list.").strip()


def _nothing(search: Search) -> None:
    """Why the list is empty, in its place; a text that is no token is shown in the tokens it is cut into."""
    if search.wrong:
        shell.show_error(search.wrong)
        return
    entries = search.entries.entries
    if search.only != "all":
        whose = f"{search.engine.info.title}'s {len(entries):,} entries"
        if getattr(search.facts, search.only):
            told = f"None of {whose} among “{_ONLY[search.only]}” match. Look among all entries."
        else:
            told = f"{whose}: “{_ONLY[search.only]}” holds for none of them. Choose another tokenizer, or all entries."
        st.info(told, icon=":material/search_off:")
        return
    if search.by != "text" or any(search.query in entry.text for entry in entries):
        st.info(
            f"None of the {len(entries):,} entries match. Try {_EXAMPLE[search.by]!r}.", icon=":material/search_off:"
        )
        return
    tokens = search.engine.encode(search.query, "plain").tokens
    st.info(
        f"No entry contains this text: it is not *one* token. {search.engine.info.title} cuts it into {len(tokens)}:",
        icon=":material/content_cut:",
    )
    pieces = [search.entries[token.id] for token in tokens[: limits.ENTRIES_SHOWN]]
    st.dataframe(figures.rows(pieces), hide_index=True, column_config=_COLUMNS)
    shell.provenance("measured", "The text encoded now, as plain text.")
    shell.link(site.BY_FILE["tokenization.py"], "Under every tokenizer", {"text": search.query}, ":material/segment:")


def _picked(ids: list[int]) -> None:
    rows = st.session_state["vocabulary.table"].selection.rows
    if rows and rows[0] < len(ids):
        inputs.pick("token", str(ids[rows[0]]))


def details(search: Search, entry: Entry) -> None:
    """Everything about one entry, and where to look further."""
    st.html(figures.card(entry, _facts_of(search, entry)))
    model_id, word = _MODEL_OF.get(search.engine.info.id), entry.text.strip().removeprefix("##")
    if model_id and word and not entry.special and not entry.partial:
        link = {"model": model_id, "word": word, "show": "nearest tokens"}
        shell.link(
            site.BY_FILE["embeddings.py"], "Its neighbours among the embeddings", link, ":material/scatter_plot:"
        )
    if not entry.partial and not entry.special:
        tokenization = site.BY_FILE["tokenization.py"]
        shell.link(tokenization, "Under every tokenizer", {"text": entry.text}, ":material/segment:")


def _facts_of(search: Search, entry: Entry) -> list[tuple[str, str]]:
    engine, entries = search.engine, search.entries
    again = engine.again(entry.id)
    facts = [
        ("id", f"{entry.id:,} of {entries.size:,}"),
        ("bytes", f"hex {entry.raw.hex(' ').upper()}, {len(entry.raw)} byte{'s' if len(entry.raw) != 1 else ''}"),
        ("script", entry.script),
        ("made by", _rule(search, entry)),
    ]
    if entry.partial:
        facts.append(("alone", "no valid UTF-8: only together with its neighbours is it a character"))
    elif not entry.special and again != [entry.id]:
        shown = " + ".join(visible(entries[i].text, entries[i].raw) for i in again[:8])
        facts.append(("typed alone", f"{len(again)} other token{'s' if len(again) != 1 else ''}: {shown}"))
    return facts


def _rule(search: Search, entry: Entry) -> str:
    kind = search.engine.info.kind
    if entry.special:
        return "nobody's merge: put in by hand, as a control token"
    merged = vocabularies.merged_from(search.entries, kind, entry.id)
    if merged:
        left, right = (search.entries[i] for i in merged)
        return (
            f"merging {visible(left.text, left.raw)} (id {left.id:,}) + {visible(right.text, right.raw)} "
            f"(id {right.id:,}). {_rank(search.engine.info.id, entry.id)}; lower ranks were merged earlier"
        )
    if "BPE" in kind:
        return "no merge: a letter of the alphabet, there before training began"
    if kind == "WordPiece":
        return "WordPiece keeps no merges: the longest piece that fits is taken" + (
            "; ## means it goes on inside a word" if entry.text.startswith("##") else ""
        )
    return "Unigram keeps no merges: each piece has a score, and the best-scoring cut of a text is taken"


def _rank(tokenizer_id: str, token_id: int) -> str:
    first = vocabularies.FIRST_MERGE[tokenizer_id]
    if not first:
        return "The id is the merge's rank"
    return f"The merge's rank is {token_id - first:,}, the id {first} more: so many entries come before the first merge"


def facts(search: Search) -> None:
    """The numbers one would not guess, and the scripts."""
    found, entries = search.facts, search.entries
    longest = entries[found.longest[0]]
    kind = TOKENIZERS[search.engine.info.id].kind
    with st.container(horizontal=True):
        st.metric(
            "Not UTF-8 alone",
            f"{len(found.partial):,}",
            border=True,
            help="They start or end inside a character: shown alone they are the replacement character �.",
        )
        st.metric(
            "Encode to other ids",
            f"{len(found.unstable):,}",
            border=True,
            help=f"Decoded and encoded again, they are other tokens. {_WHY_UNSTABLE.get(kind, _WHY_UNSTABLE_ELSE)}",
        )
        st.metric("Unused ids", f"{len(found.unused):,}", border=True, help=_ranges(found.unused))
        st.metric("Control tokens", f"{len(found.special):,}", border=True, help="Never made by merging text.")
        st.metric("The longest", f"{len(longest.raw):,} B", border=True, help=f"Bytes, in id {longest.id:,}.")
    st.plotly_chart(
        figures.scripts(found.scripts, len(entries.entries)),
        width="stretch",
        config={"displayModeBar": False},
        key="vocabulary.scripts",
        alt="Entries of the vocabulary by script",
    )
    shell.provenance(
        "measured",
        "Every entry decoded and encoded again by its own library, now; the script is that of the first letter, by "
        "its Unicode name.",
    )


def _ranges(ids: tuple[int, ...]) -> str:
    """Runs of ids written as ranges.

    >>> _ranges((3, 5, 6, 7))
    'Ids 3, 5–7.'
    """
    runs: list[list[int]] = []
    for token_id in ids:
        if runs and token_id == runs[-1][1] + 1:
            runs[-1][1] = token_id
        else:
            runs.append([token_id, token_id])
    return f"Ids {', '.join(f'{a}' if a == b else f'{a}–{b}' for a, b in runs[:20])}." if runs else "None."


def code(search: Search) -> None:
    """The lines that find the same ids; none for a search that can't be made."""
    if search.wrong:
        return
    ids = [entry.id for entry in search.found[:20]] if search.by == "id" else []
    shell.code(vocabulary_code.snippet(search.engine.info.id, search.query, search.by, ids))
