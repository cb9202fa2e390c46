"""imgscope: where a container image's bytes come from, which are wasted, and how to get rid of them."""

__version__ = "0.1.0"
