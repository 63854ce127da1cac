"""What browsers fetch before it is needed is there, and is what Streamlit's own script asks for."""

from pathlib import Path

from streamlit.file_util import get_static_dir

from playground.ui import ahead


def test_every_part_is_in_the_streamlit_that_is_installed() -> None:
    assert [name.rsplit("/", 1)[1].split(".")[0] for name in ahead.files()] == list(ahead.PARTS)
    own = "".join(path.read_text(encoding="utf-8") for path in Path(get_static_dir()).glob("static/js/index.*.js"))
    for name in ahead.files():
        assert name.rsplit("/", 1)[1] in own


def test_a_part_that_is_gone_is_left_out(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "static" / "js" / "Slider.abc.js").touch()
    monkeypatch.setattr(ahead, "get_static_dir", lambda: str(tmp_path))
    ahead.files.cache_clear()
    try:
        assert ahead.files() == ("static/js/Slider.abc.js",)
    finally:
        ahead.files.cache_clear()
