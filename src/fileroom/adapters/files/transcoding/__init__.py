"""From one transfer syntax to another: pixels frame by frame, everything else as it is."""
