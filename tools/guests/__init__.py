"""Guests for tests and benchmarks: fetched by package name, put together in a cache."""
