"""What comes back from candidates: folders, zip files and git bundles, none of which is trusted."""
