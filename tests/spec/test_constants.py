"""What is read when a spec is compiled must be a constant, and classes may define only what both executions know of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from kubecheck.checker.native import compile_spec
from kubecheck.spec import Range, Record, Spec, SpecError, State
from kubecheck.spec.frontend import program
from tests.spec.comparing import compare, load

MODULE = """\
from __future__ import annotations
import builtins, collections, datetime, enum, functools, itertools, os, random, secrets, sys, time, uuid
from os import environ, getenv
from random import choice
from typing import Annotated
from kubecheck.spec import Array, MaxLen, Module, Range, Record, Seq, Set, Sort, Spec, State, count, first, implies, present, require

I = Annotated[int, Range(0, 9)]

@functools.cache
def cached_chance(n: int) -> int:
    return random.randrange(n)

@functools.cache
def cached_double(n: int) -> int:
    return 2 * n

def counted() -> int:
    CALLS.append(1)
    return len(CALLS)

class Counter:
    def __init__(self):
        self.n = 0
    def __call__(self):
        self.n += 1
        return self.n
    def third(self):
        self.n += 1
        return self.n // 1000
    @property
    def more(self):
        self.n += 1
        return self.n
    @property
    def lucky(self):
        return random.random() < 2
    def __getattr__(self, name):
        return time.time() > 0
    def now(self):
        return deeper() > 0
    def __eq__(self, other):
        self.n += 1
        return self.n % 2 == 0
    __hash__ = None
    def __len__(self):
        self.n += 1
        return self.n

class Limits:
    def __init__(self):
        self.most = {"a": 3}
        self.names = ["x", "y"]
    def of(self, name):
        return self.most[name]
    @property
    def total(self):
        return sum(self.most.values())

def deeper():
    return clock()

def clock():
    return time.monotonic()

def grown(x):
    x.append(1)
    return len(x) // 3000

CALLS = []
GROWN = functools.partial(functools.partial(grown), [])
COUNTER = Counter()
LIMITS = Limits()
ITERATOR = iter((1, 2, 3))
TABLE = {"a": 1, "b": 2}
PAIRS = ((1, 2), (3, 4))
DRAW = functools.partial(random.randint, 0, 3)
GLOBAL = 5

class E(enum.IntEnum):
    A = 1
    B = 2
    C = 1

class S(State):
    n: I
    e: E

def build():
    spec = Spec("m", S)

    @spec.action(actor="x")
    def go(s: S) -> None:
        require(s.n < 9)
        BODY

    return spec
"""

IMPURE = {
    "random": "s.n += random.randint(1, 3)",
    "random by its own name": "s.n = choice((1, 2))",
    "secrets": "s.n = secrets.randbelow(3)",
    "uuid": "s.n = uuid.uuid4().int % 3",
    "the clock": "s.n = int(time.time()) % 3",
    "another clock": "s.n = datetime.datetime.now().second % 3",
    "the day": "s.n = datetime.date.today().day % 3",
    "the environment": "s.n = len(os.environ)",
    "the environment by its own name": 's.n = 1 if "HOME" in environ else 2',
    "a variable of it": 's.n = 1 if environ["HOME"] else 2',
    "getenv": 's.n = 1 if getenv("HOME") else 2',
    "the process": "s.n = os.getpid() % 3",
    "arguments": "s.n = len(sys.argv)",
    "a file": 's.n = len(open("/etc/hostname").read()) % 3',
    "id": "s.n = id(TABLE) % 7",
    "hash": 's.n = hash("x") % 7',
    "input": "s.n = len(input())",
    "next": "s.n = next(ITERATOR)",
    "an iterator run over": "for x in ITERATOR:\n            s.n = x",
    "an iterator asked": "s.n = 1 if 2 in ITERATOR else 0",
    "an iterator in a name": "x = zip((1, 2), (3, 4))\n        s.n = 3 if (1, 3) in x else 4",
    "count": "s.n = next(itertools.count())",
    "a partial": "s.n = DRAW()",
    "a partial of a partial that keeps a list": "s.n = GROWN()",
    "an object that counts its calls": "s.n = COUNTER()",
    "an object that counts, and shows it late": "s.n = COUNTER.third()",
    "a property that counts": "s.n = COUNTER.more",
    "a property that draws": "s.n = 1 if COUNTER.lucky else 0",
    "any attribute at all": "s.n = 1 if COUNTER.anything else 0",
    "a method that calls what looks at the clock": "s.n = 1 if COUNTER.now() else 0",
    "a comparison that counts": "s.n = 1 if COUNTER == 1 else 0",
    "a length that counts": "s.n = len(COUNTER)",
    "a cache over chance": "s.n = cached_chance(3)",
    "a list that grows": "s.n = TABLE.setdefault(str(len(CALLS)), CALLS.append(1)) or 1",
    "popping": "s.n = CALLS.pop() if CALLS else 1\n        s.n = TABLE.pop('a')",
    "an object made anew": "s.n = 1 if object() == object() else 2",
}

PURE = {
    "builtins": "s.n = max(1, 2) + min(3, 4) + abs(-1) + len(TABLE) + sum(x for x in (1, 2)) - 6",
    "a table": 's.n = TABLE["a"] + TABLE.get("b", 0)',
    "a method of a constant": 's.n = LIMITS.of("a")',
    "a property of a constant": "s.n = LIMITS.total",
    "a cache": "s.n = cached_double(3)",
    "zip": "for x in zip((1, 2), (0, 1)):\n            s.n += x[1]",
    "a tuple of an iterator": "s.n = len(tuple(zip((1, 2), (3, 4)))) + len(sorted(map(str, (1, 2))))",
    "pairs": "for p in PAIRS:\n            if p[0] == 3:\n                s.n = p[1]",
    "enumerate": "for p in enumerate((3, 4)):\n            if s.n == p[0]:\n                s.n = p[1]",
    "an enum of numbers": "s.e = E.B\n        s.n = E.B + 1\n        if s.e is E.C or s.e == E.A:\n            s.n = 4",
    "an enum of numbers as a number": "s.n = E.B\n        if s.n > E.A:\n            s.n = 7",
    "a date": "s.n = datetime.date(2020, 1, 3).day",
    "a global": "s.n = GLOBAL",
    "text": 's.n = len("abc".upper()) + len(LIMITS.names)',
}


@pytest.mark.parametrize("name", IMPURE)
def test_no_constants(name: str, tmp_path: Path) -> None:
    spec = load(MODULE.replace("BODY", IMPURE[name]), tmp_path).build()
    with pytest.raises(SpecError) as caught:
        compile_spec(spec)
    assert caught.value.code in ("KC233", "KC227"), str(caught.value)
    assert caught.value.position is not None
    assert caught.value.remedy


@pytest.mark.parametrize("name", PURE)
def test_constants(name: str, tmp_path: Path) -> None:
    spec = load(MODULE.replace("BODY", PURE[name]), tmp_path).build()
    assert compare(spec).generated > 0


CHANGES: dict[str, Any] = {
    "a global that is bound anew": lambda m: setattr(m, "GLOBAL", 6),
    "a table that changes": lambda m: m.TABLE.update(a=3),
    "what an object holds changes": lambda m: m.LIMITS.most.update(a=4),
    "a list grows": lambda m: m.LIMITS.names.append("z"),
    "a class gets what Python alone would call": lambda m: setattr(m.S, "__getattribute__", object.__getattribute__),
    "a field gets something in its place": lambda m: setattr(m.S, "n", 3),
}
READS = 's.n = GLOBAL + TABLE["a"] + LIMITS.of("a") + len(LIMITS.names) - 4'


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_after_compiling_is_seen(name: str, tmp_path: Path) -> None:
    module = load(MODULE.replace("BODY", READS), tmp_path)
    compiled = program(module.build())
    compiled.still_constant()
    CHANGES[name](module)
    with pytest.raises(SpecError) as caught:
        compiled.still_constant()
    assert caught.value.code in ("KC233", "KC139")


def test_a_name_is_looked_up_as_python_does(tmp_path: Path) -> None:
    """A module's own `min`, `any`, `len`, `range` come before the builtin ones, a closure's before the module's."""
    text = MODULE.replace("BODY", "s.n = min(3, 5) + len(4) + abs(1)").replace(
        "def build():",
        "def min(a: int, b: int) -> int:\n    return a + b if a + b < 8 else 7\n\n\n"
        "def len(n: int) -> int:\n    return n - 3\n\n\n"
        "def build():\n    def abs(n: int) -> int:\n        return n - 1\n",
    )
    spec = load(text, tmp_path).build()
    assert compare(spec).generated > 0


BASES = {
    "Record": ("class X(Record):\n    n: I\n", "x: X"),
    "State": ("class X(State):\n    n: I\n", "x: X"),
    "Sort": ("class X(Sort, size=2):\n    '''Some.'''\n", "x: X | None"),
    "enum.Enum": ("class X(enum.Enum):\n    A = 0\n    B = 1\n", "x: X"),
}
EVERYWHERE = """
    __eq__ __ne__ __hash__ __bool__ __len__ __contains__ __iter__ __getattr__ __getattribute__ __setattr__ __delattr__ __lt__ __le__ __gt__
    __ge__ __add__ __or__ __call__ __index__ __int__ __getitem__ __class_getitem__ __get__
""".split()
OF_ONE = {
    "Record": "__init__ __new__ __init_subclass__ __slots__ next _read _write data_as".split(),
    "State": "__init__ __new__ __init_subclass__ __slots__ _read _write _view".split(),
    "Sort": "number index _ordered".split(),
    "enum.Enum": [],
}


def build_with(text: str, use: str, folder: Path) -> Spec:
    whole = MODULE.replace("class S(State):\n", f"{text}\nclass S(State):\n    {use}\n").replace("BODY", "s.n = 1")
    spec: Spec = load(whole, folder).build()
    return spec


def ways(base: str, name: str) -> dict[str, str]:
    """A class that defines a name, that inherits it, that gets it afterwards."""
    text = BASES[base][0]
    if name == "__slots__":
        return {"in the class": text + "    __slots__ = ()\n"}
    return {
        "in the class": text + f"    def {name}(self, *a, **k):\n        return getattr(object, '{name}', id)(self, *a, **k)\n",
        "mixed in": f"class Mixin:\n    def {name}(self, *a, **k):\n        return True\n\n" + text.replace(f"({base}", f"(Mixin, {base}"),
        "afterwards": text + f"\ndef patch(self, *a, **k):\n    return True\n\nX.{name} = patch\n",
    }


def refused(text: str, use: str, folder: Path) -> str | None:
    """The code of the error; "Python" where Python itself does not take such a class."""
    try:
        compile_spec(build_with(text, use, folder))
    except SpecError as e:
        return e.code if e.position is not None and e.remedy else None
    except (TypeError, AttributeError):
        return "Python"
    return None


@pytest.mark.parametrize("base", BASES)
def test_what_native_code_ignores_is_refused(base: str, tmp_path: Path) -> None:
    text, use = BASES[base]
    assert compare(build_with(text + "    def other(self) -> int:\n        return 1\n", use, tmp_path)).generated > 0
    told = {(n, w): refused(t, use, tmp_path) for n in EVERYWHERE + OF_ONE[base] for w, t in ways(base, n).items()}
    accepted = [key for key, code in told.items() if code not in ("KC139", "Python")]
    assert accepted == []
    assert sum(code == "KC139" for code in told.values()) > 0.8 * len(told)


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("class M(enum.EnumMeta):\n    pass\n\nclass X(enum.Enum, metaclass=M):\n    A = 0\n", "x: X"),
        ("class X(enum.Flag):\n    A = 1\n    B = 2\n", "x: X"),
        ("class M(type):\n    pass\n\nclass X(Record, metaclass=M):\n    n: I\n", "x: X"),
        ("import dataclasses\n\n@dataclasses.dataclass\nclass X(Record):\n    n: I\n", "x: X"),
        ("@functools.total_ordering\nclass X(Record):\n    n: I\n    def __lt__(self, o):\n        return True\n", "x: X"),
        ("class X(int, enum.Enum):\n    A = 0\n    B = 1\n    def __new__(cls, v):\n"
         "        o = int.__new__(cls, 0)\n        o._value_ = v\n        return o\n", "x: X"),
        ("class Y(Record):\n    n: I\n\nclass X(Y):\n    n = 3\n", "x: X"),
    ],
)  # fmt: skip
def test_other_ways_are_refused(text: str, use: str, tmp_path: Path) -> None:
    assert refused(text, use, tmp_path) == "KC139"


@pytest.mark.parametrize(
    "text",
    [
        "class X(str, enum.Enum):\n    A = 'a'\n    B = 'b'\n",
        "class X(enum.StrEnum):\n    A = 'a'\n    B = 'b'\n",
        "class X(enum.Enum):\n    A = (1, 2)\n    B = (3, 4)\n"
        "    def __init__(self, a, b):\n        self.a = a\n    def __str__(self):\n        return 'x'\n",
        "class X(enum.Enum):\n    A = 0\n    B = 1\n    C = 0\n    @classmethod\n    def _missing_(cls, value):\n        return cls.A\n",
        "class X(Record):\n    n: I\n    MOST = 3\n    def __repr__(self):\n        return 'x'\n"
        "    @property\n    def small(self) -> bool:\n        return self.n < 2\n",
    ],
)  # fmt: skip
def test_harmless_ways_are_accepted(text: str, tmp_path: Path) -> None:
    assert compare(build_with(text, "x: X", tmp_path)).generated > 0


def test_a_descriptor_is_refused(tmp_path: Path) -> None:
    text = BASES["State"][0] + "    @functools.cached_property\n    def odd(self) -> bool:\n        return self.n % 2 == 1\n"
    whole = MODULE.replace("class S(State):\n", f"{text}\nclass S(State):\n    x: X\n").replace("BODY", "s.n = 1 if s.x.odd else 2")
    with pytest.raises(SpecError, match="a cached_property, which only Python understands"):
        program(load(whole, tmp_path).build())


class Setting(Record):
    level: Annotated[int, Range(0, 3)] = 1


DEFAULT = Setting()
TABLE = (Setting(level=2), DEFAULT)


def test_a_record_of_a_module_is_a_constant() -> None:
    """It completes itself where it is first used, for each scope anew: that is no change."""

    class Place(State):
        level: Annotated[int, Range(0, 3)]

    spec = Spec("records", Place)

    @spec.action(actor="x")
    def take(s: Place) -> None:
        s.level = DEFAULT.level + TABLE[0].level

    assert program(spec).actions
    assert program(spec).actions
