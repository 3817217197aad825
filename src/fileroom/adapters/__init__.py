"""Everything that touches the outside: libraries, sockets, files, databases."""
