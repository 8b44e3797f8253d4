"""`python -m kubecheck.cli`, the same as the command `kubecheck`."""

from kubecheck.cli.main import run

run()
