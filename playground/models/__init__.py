"""The only floor that knows torch, transformers and the tokenizer engines."""

import os

# torch's threads spin while they wait for each other. On a busy machine (the app, a browser, other readers) the one
# that is waited for may not be running at all, and a 40 ms step was seen to take 2 s. Set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
