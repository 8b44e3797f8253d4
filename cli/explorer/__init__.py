"""The explorer: a page in the browser that walks through what a spec can do."""
