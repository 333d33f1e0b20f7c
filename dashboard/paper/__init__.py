"""From components to a PDF: files that a headless browser prints, with no way to the network or to this server."""
