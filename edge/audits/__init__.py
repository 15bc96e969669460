"""Audits: frames that are answered the long way too, and the tests by which hooks and plans are given up."""
