"""The command that looks after the installation: doctor."""
