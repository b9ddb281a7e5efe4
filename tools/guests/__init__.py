"""Guests for tests and benchmarks: fetched by package name, unpacked and put together in a cache."""
