"""Frame sources: folders, videos, cameras and network streams that an agent reads by itself."""
