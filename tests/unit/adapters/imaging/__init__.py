"""Values of the modality, images for people, statistics and histograms."""
