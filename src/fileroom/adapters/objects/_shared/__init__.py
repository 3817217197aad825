"""What all object stores share: locations, content, digests."""
