"""The commands that look after the installation and the repository: doctor, new."""
