"""What all tests share: hypothesis profiles.

`default` for everyday runs; `HYPOTHESIS_PROFILE=thorough` looks a hundred times longer. Neither judges how fast an example is.

Each check that ends without a violation is audited (checker/audit.py) in fewer states than a user's is: what the audit catches is shown
by its own tests. What commands print in tests is as wide as without a terminal, whatever COLUMNS the tests are started with
(pytest-xdist sets it in its workers).
"""

from __future__ import annotations

import os

from hypothesis import settings

from kubecheck.checker import audit

settings.register_profile("default", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

os.environ.pop("COLUMNS", None)
audit.STATES = 10
