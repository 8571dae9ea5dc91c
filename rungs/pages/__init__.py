"""The commands that make the pages: site, refresh."""
