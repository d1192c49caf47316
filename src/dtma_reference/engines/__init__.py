"""Container engines behind one seam: Docker itself, one in memory, and one in another process."""
