"""Where imported files come from: directories, single files, archives."""
