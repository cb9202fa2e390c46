"""Stacks layers by the OCI layer rules: the merged tree, what each layer did to it, and what is wasted."""
