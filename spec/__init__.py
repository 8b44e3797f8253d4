"""The language that specs are written in: finite types, places and values, actions and properties in plain Python.

See docs/design.md for the rules; `kubecheck.spec.reference` runs a spec, `kubecheck.checker` explores it.
"""

from kubecheck.spec.declare import Action, ActionKind, Module, Property, PropertyKind, Spec
from kubecheck.spec.errors import Position, SpecError, ValueEscape
from kubecheck.spec.functions import count, first, implies, present, require
from kubecheck.spec.resolve import MaxLen, Range
from kubecheck.spec.values import Array, Record, Seq, Set, Sort, State

__all__ = [
    # what a spec is made of
    "Spec",
    "Module",
    "State",
    "Record",
    # types
    "Array",
    "MaxLen",
    "Range",
    "Seq",
    "Set",
    "Sort",
    # what a spec's functions call
    "count",
    "first",
    "implies",
    "present",
    "require",
    # for those who look at a spec
    "Action",
    "ActionKind",
    "Position",
    "Property",
    "PropertyKind",
    "SpecError",
    "ValueEscape",
]
