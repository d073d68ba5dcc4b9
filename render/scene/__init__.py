"""What a scene may say, and what it says at frame k."""
