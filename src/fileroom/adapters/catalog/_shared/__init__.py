"""What every catalog does the same way: cleaning what comes in, telling patients apart, reading a query."""
