"""Small networks beside the main one that read a tensor and decide; they never change its weights."""
