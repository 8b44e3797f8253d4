"""Known bugs of Kubernetes, one a file, each shown by the model without its fix and gone with it."""
