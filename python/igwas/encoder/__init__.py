"""Learn to describe an eye: images.h5 -> checkpoint -> encoder.onnx."""
