"""Where samples come from: folders of images and synthetic radiographs."""
