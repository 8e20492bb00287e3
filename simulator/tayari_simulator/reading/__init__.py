"""Strict reading of what people wrote: each mistake named, with its place and the nearest known word."""
