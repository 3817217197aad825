"""One abstract suite for each port, subclassed once for each adapter."""
