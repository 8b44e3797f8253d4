"""A lamp whose fuse may blow: the shortest way to light has no fault in it."""

from __future__ import annotations

from kubecheck.spec import Spec, State, require


class Lamp(State):
    """Whether it is lit, and whether its fuse has blown."""

    lit: bool
    blown: bool


def lamp() -> Spec:
    """A lamp."""
    spec = Spec("lamp", Lamp)

    @spec.action(actor="somebody")
    def switch_on(s: Lamp) -> None:
        """It is switched on."""
        require(not s.blown and not s.lit)
        s.lit = True

    @spec.action(actor="mains", kind="fault")
    def fuse_blows(s: Lamp) -> None:
        """The fuse blows, and the light goes out."""
        require(not s.blown)
        s.blown = True
        s.lit = False

    @spec.action(actor="somebody")
    def mend(s: Lamp) -> None:
        """A new fuse."""
        require(s.blown)
        s.blown = False

    @spec.reachable
    def is_lit(s: Lamp) -> bool:
        """There is light."""
        return s.lit

    return spec
