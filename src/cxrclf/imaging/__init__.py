"""Files to pixels: decoders, the decode store, ImageReader."""
