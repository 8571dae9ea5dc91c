"""What the site makes of the repository: mkdocs_hooks.py hands each step of the build to a file of this package."""
