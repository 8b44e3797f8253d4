"""The libraries in assets/vendor: fetches them from the npm registry and holds them against their digests.

    python -m kubecheck.cli.explorer.vendor            # write the files anew
    python -m kubecheck.cli.explorer.vendor --check    # fetch, compare, write nothing

To take another version: change it here with the integrity that the registry publishes for it, and run this. preact stays at 10, whose
packages have a build that is no module; a page opened from disk cannot load modules, and 11 has nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "assets" / "vendor"


@dataclass(frozen=True)
class Package:
    """A package of the registry: what its tarball's SHA-512 must be, and which files of it are kept under which names."""

    name: str
    version: str
    licence: str
    integrity: str
    files: dict[str, str]

    @property
    def url(self) -> str:
        """Where the registry has the tarball."""
        return f"https://registry.npmjs.org/{self.name}/-/{self.name}-{self.version}.tgz"


PACKAGES: Final = (
    Package(
        name="preact",
        version="10.29.8",
        licence="MIT",
        integrity="ej2aVZ+vZ8WO7tvlQWRM9N63A0KzF9q4mWJfDUHgYaIofWY9hu74QdnQrjoPMmZi2/nZ5gN0bJCQF49xQqx09Q==",
        files={"package/dist/preact.min.umd.js": "preact.min.umd.js", "package/LICENSE": "preact.LICENSE"},
    ),
    Package(
        name="htm",
        version="3.1.1",
        licence="Apache-2.0",
        integrity="983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
        files={"package/dist/htm.umd.js": "htm.umd.js", "package/LICENSE": "htm.LICENSE"},
    ),
)


def files(package: Package, tarball: bytes) -> dict[str, bytes]:
    """The files that are kept of a tarball. Raises ValueError if it is not the one that is meant."""
    found = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if found != package.integrity:
        raise ValueError(f"{package.url} has SHA-512 {found}, and must have {package.integrity}")
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        kept = {}
        for member, name in package.files.items():
            opened = archive.extractfile(member)
            if opened is None:
                raise ValueError(f"{package.url} has no file {member}")
            text = opened.read().decode()
            # the map is not shipped, and a browser would ask for it
            kept[name] = "".join(line for line in text.splitlines(True) if not line.startswith("//# sourceMappingURL")).encode()
    return kept


def main(arguments: list[str]) -> int:
    """Fetch every package; write its files, or with --check compare them."""
    different = []
    for package in PACKAGES:
        with urllib.request.urlopen(package.url, timeout=60) as answer:
            for name, content in files(package, answer.read()).items():
                path = FOLDER / name
                if arguments == ["--check"]:
                    different += [name] if not path.exists() or path.read_bytes() != content else []
                else:
                    path.write_bytes(content)
        print(f"{package.name} {package.version} ({package.licence}): {', '.join(package.files.values())}")
    if different:
        print(f"not as in the registry: {', '.join(different)}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
