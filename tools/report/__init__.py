"""What a matrix of runs found, as data, tables, plots and a page."""
