"""What is made of decoded frames: values of the modality, images for people, statistics and histograms."""
