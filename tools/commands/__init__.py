"""The commands of ./tandem, and their arguments."""
