"""The feedback loop: frames that grow out of each other, and the film that they become."""
