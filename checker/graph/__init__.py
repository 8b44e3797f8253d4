"""Parts of a spec's state graph, chosen so that a person can look at them."""
