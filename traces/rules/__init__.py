"""The rules that traces are judged by, one subject a file."""

from kubecheck.traces.rules.registry import ALL, choose
from kubecheck.traces.rules.rule import Rule

__all__ = ["ALL", "Rule", "choose"]
