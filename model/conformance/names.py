"""Names and other texts as the API server checks them: apimachinery/pkg/util/validation/validation.go and api/validation/generic.go."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

Json = Any

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_RELAXED: Final = re.compile(r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*")
_HEADER: Final = re.compile(r"[-A-Za-z0-9]+")
_CONFIG_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_PORT_NAME: Final = re.compile(r"[-a-z0-9]+")
_DIGITS: Final = 18  # a percentage of more digits is as good as this many
_PERCENT: Final = re.compile(r"[0-9]+%")


def is_label(text: Json) -> bool:
    """IsDNS1123Label."""
    return isinstance(text, str) and len(text) <= 63 and _LABEL.fullmatch(text) is not None


def is_subdomain(text: Json) -> bool:
    """IsDNS1123Subdomain."""
    return isinstance(text, str) and len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


def is_relaxed_subdomain(text: str) -> bool:
    """IsDNS1123SubdomainWithUnderscore."""
    return len(text) <= 253 and _RELAXED.fullmatch(text) is not None


def is_header(text: str) -> bool:
    """IsHTTPHeaderName."""
    return _HEADER.fullmatch(text) is not None


def is_path_segment(text: str) -> bool:
    """IsValidPathSegmentName."""
    return text not in (".", "..") and "/" not in text and "%" not in text


def is_qualified(text: Json) -> bool:
    """IsQualifiedName: a name, with or without a domain in front."""
    if not isinstance(text, str):
        return False
    prefix, slash, name = text.rpartition("/")
    if slash and not is_subdomain(prefix):
        return False
    return len(name) <= 63 and _QUALIFIED.fullmatch(name) is not None


def is_label_value(text: Json) -> bool:
    """IsValidLabelValue."""
    return isinstance(text, str) and len(text) <= 63 and (not text or _QUALIFIED.fullmatch(text) is not None)


def is_config_key(text: str) -> bool:
    """IsConfigMapKey."""
    return len(text) <= 253 and _CONFIG_KEY.fullmatch(text) is not None and text != "." and not text.startswith("..")


def is_port(value: Json) -> bool:
    """IsValidPortNum."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535


def is_port_name(text: str) -> bool:
    """IsValidPortName."""
    return (
        len(text) <= 15
        and _PORT_NAME.fullmatch(text) is not None
        and re.search("[a-z]", text) is not None
        and "--" not in text
        and not text.startswith("-")
        and not text.endswith("-")
    )


def is_port_or_name(value: Json) -> bool:
    """ValidatePortNumOrName."""
    return is_port_name(value) if isinstance(value, str) else is_port(value)


def is_environment_name(text: str) -> bool:
    """IsRelaxedEnvVarName: printable ASCII without an equals sign."""
    return all(" " <= c <= "~" and c != "=" for c in text)


def bound(value: Json) -> int | None:
    """A number of pods or a percentage, as a number; None if it is neither (ValidatePositiveIntOrPercent)."""
    if isinstance(value, int):
        return value if value >= 0 else None
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        return None
    digits = value[:-1].lstrip("0")
    return int(digits or "0") if len(digits) <= _DIGITS else 10**_DIGITS  # Python converts no text of thousands of digits


def over_all(value: Json) -> bool:
    """Whether it is a percentage above 100 (IsNotMoreThan100Percent)."""
    return isinstance(value, str) and (bound(value) or 0) > 100


def address(text: Json) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address; None if it is none, or an IPv4 address in the form of IPv6 (StrictIPCIDRValidation, on since 1.36)."""
    try:
        found = ipaddress.ip_address(str(text))
    except ValueError:
        return None
    return None if getattr(found, "ipv4_mapped", None) is not None else found


def is_endpoint(text: Json, version: int | None = None) -> bool:
    """ValidateEndpointIP: an address that is none of the special ones; of a version, if one is given, IPv6 in its canonical form."""
    found = address(text)
    if found is None or (version is not None and found.version != version):
        return False
    if version == 6 and str(found) != text:
        return False
    local = ipaddress.ip_network("224.0.0.0/24" if found.version == 4 else "ff02::/16")
    return not (found.is_unspecified or found.is_loopback or found.is_link_local or found in local)


def is_domain(text: Json) -> bool:
    """IsFullyQualifiedDomainName."""
    name = str(text).removesuffix(".")
    return is_subdomain(name) and "." in name and all(is_label(part) for part in name.split("."))


def is_network(text: Json) -> bool:
    """Whether it is an address range, without bits beyond its length."""
    try:
        ipaddress.ip_network(str(text))
    except ValueError:
        return False
    return "/" in str(text)


def one_of_each_family(addresses: list[Json]) -> bool:
    """Whether there is at most one IPv4 and one IPv6 address or range."""
    families = [":" in str(a) for a in addresses]
    return len(families) <= 2 and len(set(families)) == len(families)
