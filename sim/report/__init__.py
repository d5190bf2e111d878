"""Tables and sentences, for a terminal and for Markdown."""
