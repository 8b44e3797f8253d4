"""docs/features.md, made from the features. `python -m tests.model.features_page` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from kubecheck.model.bugs import all_bugs
from kubecheck.model.feature import Feature
from kubecheck.model.feature_list import OF_REGISTRY, OF_WORKLOADS
from kubecheck.model.scenarios import REGISTRY as SCENARIOS

PAGE = Path(__file__).parents[2] / "docs" / "features.md"

INTRODUCTION = """# Features

<!-- written by tests/model/features_page.py -->

A feature is a protection that Kubernetes has, or a fix that is proposed. A release switches on those that it has (`--release 1.34`);
`--without NAME` switches one off, to see what it protects from, and `--with NAME` one on that the release does not have. `check`,
`graph` and `explore` take these options for a manifest or a scenario, `bugs run` for a known bug ([bugs.md](bugs.md)). A switch that
changes nothing is said to be so. `kubecheck features` prints this list, `--release R` says which are on in a release, `--json` prints
it as JSON; exit code 0, or 2 for a release that is not modelled.

*Since* is the first release whose source has it, on by default; that was read in the source of the first version of each minor
release and in the CHANGELOGs. Where a protection is in 1.1 already, the page says "1.1 or before": older source was not to be had. A
backport to a patch release does not count. *Protects* are properties that some test violates without the feature, and bugs of
`kubecheck bugs`. Sources are paths in kubernetes/kubernetes 1.36.2 unless they say otherwise.
"""

SECTIONS = (
    ("Of a cluster that runs a workload", "What `check` explores for a manifest or a scenario.", OF_WORKLOADS),
    (
        "Of requests, lists and watches, and deletion",
        "Those of model/registry/, where the API server, reflectors, the garbage collector and namespaces are modelled for their own sake. "
        f"The scenarios {', '.join(f'`{name}`' for name in SCENARIOS)} have them: "
        "`kubecheck check garbage-collection --without virtual-nodes`. "
        "`optimistic-lock`, `consistent-list` and `relist-at-last-version` are features of both.",
        OF_REGISTRY,
    ),
)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for title, about, features in SECTIONS:
        parts.append(f"## {title}\n\n{about}\n")
        parts.append("| feature | on | what it does | protects |\n|---|---|---|---|")
        parts += [row(feature) for feature in features]
        parts.append("")
    return "\n".join(parts)


def row(feature: Feature) -> str:
    """A feature as a row of the table."""
    issues = ", ".join(linked(issue) for issue in feature.issues) or "no issue is known"
    what = f"{feature.sentence}<br>{issues}<br>*{escaped(feature.source)}*"
    bugs = [f"bug {bug.name}" for bug in all_bugs().values() if bug.feature == feature.name]
    return f"| `{feature.name}` | {feature.when} | {what} | {'<br>'.join([*map(escaped, feature.protects), *bugs])} |"


def linked(issue: str) -> str:
    """A link to an issue, a pull request or a KEP."""
    project, _, number = issue.replace("KEP-", "KEP#").partition("#")
    homes = {
        "kubernetes": "https://github.com/kubernetes/kubernetes/issues/",
        "etcd": "https://github.com/etcd-io/etcd/issues/",
        "KEP": "https://kep.k8s.io/",
    }
    return f"[{issue}]({homes[project]}{number})"


def escaped(text: str) -> str:
    """Names with underscores are no emphasis."""
    return re.sub(r"_", r"\\_", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
