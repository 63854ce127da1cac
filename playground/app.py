"""The entry Streamlit runs: the page's settings, the warm-up, the navigation, the page."""

import sys
from pathlib import Path

# `streamlit run` puts this folder first on the path, where our `models` or `core` would be importable by
# accident; the repository's root belongs there (and makes `import playground` work without an install).
_HERE = Path(__file__).resolve().parent
# From a copy: a server's first readers do this at the same moment, and a list that changes while read loses places.
_NOW, _OURS = list(sys.path), (_HERE, _HERE.parent, Path(__file__).absolute().parent)
sys.path[:] = [str(_HERE.parent), *(p for p in _NOW if Path(p).absolute() not in _OURS)]

from playground.ui.serve import serve  # noqa: E402

serve()
