"""Who is who: keys, certificates, signatures of requests and replies, and nonces."""
