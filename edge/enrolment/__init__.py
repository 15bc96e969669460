"""Enrolment: an agent measures itself, has plans made, and fetches its bundle."""
