"""The entry Streamlit runs: the page's settings, the warm-up, the navigation, the page."""

import sys
from pathlib import Path

# `streamlit run` puts this folder first on the path, where our `models` or `core` would be importable by
# accident; the repository's root belongs there (and makes `import playground` work without an install).
_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE.parent), *(p for p in sys.path if Path(p or ".").resolve() not in (_HERE, _HERE.parent))]

from playground.ui.serve import serve  # noqa: E402

serve()
