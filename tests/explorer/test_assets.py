"""What the page is made of is in the package, is what was fetched, and asks for nothing from elsewhere."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile

import pytest

from kubecheck.cli.explorer import page
from kubecheck.cli.explorer.vendor import FOLDER, PACKAGES, Package, files

# of what `python -m kubecheck.cli.explorer.vendor` wrote, which compared the tarballs with the digests of the registry
VENDORED = {
    "htm.LICENSE": "740725f7252e750af735d0028cc534970772f513331e9f68150fede8fb3ce00f",
    "htm.umd.js": "7a31776e04bd4afde0d4308177d26f377716fcf7e4bd70be590746d6aa594f08",
    "preact.LICENSE": "1fe6958409c8c257a70c587a18b6f7f412b179b456630790d30b2ec9a8e4b7d4",
    "preact.min.umd.js": "1aa61922121bb8748b06af1bf11401e233323b249b777d958a1f5846f7720243",
}


def test_the_vendored_files_are_those_that_were_fetched() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()}
    assert found == VENDORED
    assert {name for package in PACKAGES for name in package.files.values()} == set(VENDORED)


def test_each_vendored_library_has_its_licence() -> None:
    assert "MIT" in (FOLDER / "preact.LICENSE").read_text()
    assert "Apache License" in (FOLDER / "htm.LICENSE").read_text()


def tarball(name: str, text: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


def test_a_tarball_that_is_not_the_one_that_is_meant() -> None:
    package = Package(name="x", version="1", licence="MIT", integrity="AAAA", files={"package/x.js": "x.js"})
    with pytest.raises(ValueError, match=r"^https://registry.npmjs.org/x/-/x-1.tgz has SHA-512 .*, and must have AAAA$"):
        files(package, tarball("package/x.js", b"alert(1)"))


def test_every_file_of_the_page_is_used_and_there() -> None:
    assets = FOLDER.parent
    there = {str(path.relative_to(assets)) for path in assets.rglob("*") if path.suffix in (".js", ".css")}
    assert there == set(page.ASSETS)


@pytest.mark.parametrize("name", page.ASSETS)
def test_nothing_is_loaded_from_elsewhere_and_no_text_becomes_code(name: str) -> None:
    text = page.asset(name)
    # of addresses there are only preact's namespaces, which nobody asks for
    addresses = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text)
    assert {a for a in addresses if a != "http://www.w3.org"} == set()
    assert not re.search(r"@import|sourceMappingURL|\beval\(|new Function|document\.write|url\((?!data:)", text)
    if not name.startswith("vendor/"):
        assert "nnerHTML" not in text


def test_names_that_are_no_assets() -> None:
    for name in ("", "../page.py", "vendor/preact.LICENSE", "/etc/passwd"):
        with pytest.raises(KeyError):
            page.asset(name)
