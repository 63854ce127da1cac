"""What the page tests share: installed packages are searched for Streamlit components once, not by every AppTest."""

import functools

from streamlit.components.v2 import manifest_scanner

# The answer is the same all along, and the search takes longer than most pages do.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
