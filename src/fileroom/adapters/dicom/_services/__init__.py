"""What the network backends share: the client and server ports over a `Link`, which each backend makes in its way."""
