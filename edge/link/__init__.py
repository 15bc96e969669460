"""The cloud as an agent sees it: what is sent, what it learns of the link, and when it stops waiting."""
