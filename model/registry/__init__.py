"""What an API server does with a request, whatever the kind: the generic registry, its store, watch caches and reads."""
