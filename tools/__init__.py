"""The host-side front end of Tandem: everything behind ./tandem."""
