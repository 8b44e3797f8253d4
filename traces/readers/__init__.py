"""Formats of traces, each read into the same Event (kubecheck.traces.event)."""
