"""Recorded events of a real cluster, held against the rules that Kubernetes keeps: readers, order, rules, verdict."""
